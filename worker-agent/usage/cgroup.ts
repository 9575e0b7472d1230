// What the kernel has counted for a container: read from its control group where this agent sees it, which costs next to
// nothing. https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/memory.html

import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Usage {
  /** CPU time used so far. */
  readonly cpuSeconds: number;
  /** Without file pages that the kernel can drop. */
  readonly memoryBytes: number;
  /** The most that ever counted against the limit, file pages included. Unknown to older kernels. */
  readonly peakMemoryBytes: number | undefined;
  /** How often the kernel ended one of its processes at the memory limit. */
  readonly oomKills: number;
}

const root = "/sys/fs/cgroup";

/** Where engines put a container's group: below their own name, or as a unit of systemd's, of the machine or of a user. */
function placesOf(id: string, uid: number): readonly string[] {
  const unit = `docker-${id}.scope`;
  return [
    `docker/${id}`,
    `system.slice/${unit}`,
    `user.slice/user-${uid}.slice/user@${uid}.service/user.slice/${unit}`,
    `machine.slice/libpod-${id}.scope`,
  ];
}

/** Undefined where there is no such group, or none any more. Synchronous: at a container's end there is no time to lose. */
export function readCgroup(id: string, uid = process.getuid?.() ?? 0): Usage | undefined {
  for (const place of placesOf(id, uid)) {
    const usage = readV2(join(root, place)) ?? readV1(place);
    if (usage) return usage;
  }
  return undefined;
}

function readV2(folder: string): Usage | undefined {
  const read = (name: string) => textOf(join(folder, name));
  const current = read("memory.current");
  const cpu = read("cpu.stat");
  if (current === undefined || cpu === undefined) return undefined;
  const peak = read("memory.peak");
  return {
    cpuSeconds: fieldOf(cpu, "usage_usec") / 1e6,
    memoryBytes: workingSet(Number(current), fieldOf(read("memory.stat"), "inactive_file")),
    peakMemoryBytes: peak === undefined ? undefined : Number(peak),
    oomKills: fieldOf(read("memory.events"), "oom_kill"),
  };
}

function readV1(place: string): Usage | undefined {
  const memory = (name: string) => textOf(join(root, "memory", place, `memory.${name}`));
  const current = memory("usage_in_bytes");
  const cpu = textOf(join(root, "cpuacct", place, "cpuacct.usage"));
  if (current === undefined || cpu === undefined) return undefined;
  const peak = memory("max_usage_in_bytes");
  return {
    cpuSeconds: Number(cpu) / 1e9,
    memoryBytes: workingSet(Number(current), fieldOf(memory("stat"), "total_inactive_file")),
    peakMemoryBytes: peak === undefined ? undefined : Number(peak),
    oomKills: fieldOf(memory("oom_control"), "oom_kill"),
  };
}

export function workingSet(usage: number, inactiveFile: number): number {
  return Math.max(0, usage - inactiveFile);
}

/** The number behind a name in lines of `name number`; 0 where it is missing. */
function fieldOf(text: string | undefined, name: string): number {
  const found = text?.split("\n").find((line) => line.startsWith(`${name} `));
  return found === undefined ? 0 : Number(found.slice(name.length + 1));
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Another place, another version, or gone with its last process.
    return undefined;
  }
}
