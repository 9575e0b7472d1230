// Which sockets a job has left in its network namespace. Pure.

/** The kernel's number for a connection that is over and only keeps its port for a minute: nobody holds it any more. */
const timeWait = "06";

/** Lines of /proc/net/tcp, udp and unix that were not there before. https://docs.kernel.org/networking/proc_net_tcp.html */
export function leftSockets(before: readonly string[], after: readonly string[]): readonly string[] {
  const known = new Set(before.flatMap(keyOf));
  return after.flatMap(keyOf).filter((key) => !known.has(key));
}

/** Addresses and inode of an internet socket, inode of a unix socket; nothing for headings and what is over. */
function keyOf(line: string): readonly string[] {
  const words = line.trim().split(/\s+/);
  const [first = "", local = "", remote = "", state = ""] = words;
  if (!/^[0-9a-f]+:$/i.test(first)) return [];
  if (/^[0-9A-F]+:[0-9A-F]{4}$/.test(local)) return state === timeWait ? [] : [`${local} ${remote} ${words[9] ?? ""}`];
  // A unix socket: address, references, protocol, flags, type, state, inode, name.
  return [`unix ${words[6] ?? ""}`];
}
