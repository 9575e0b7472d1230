// A Docker host of a test's own, in network namespaces of its own, with stand-ins for what is around a host: an internet, a
// private network, a metadata address and a resolver. No packet leaves the machine. Linux, as root.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import Modem from "docker-modem";
import { Engine } from "./docker/engine.ts";
import type { RunOnHost } from "./docker/firewall.ts";
import { until } from "./testStack.ts";

const run = promisify(execFile);

/** Where the stand-ins are. The first three are ranges for documentation, so to the fence they are the internet. */
export const places = {
  internet: "198.51.100.10",
  host: "203.0.113.2",
  router: "203.0.113.1",
  lan: "10.9.9.9",
  metadata: "169.254.169.254",
  resolver: "192.168.77.53",
} as const;

/** The same in IPv6, again with documentation's range for the internet. */
export const placesV6 = {
  internet: "2001:db8:10::10",
  host: "2001:db8:1::2",
  router: "2001:db8:1::1",
  lan: "fd00:9::9",
  metadata: "fd00:ec2::254",
} as const;

/** What the resolver knows: every name is the internet's. */
export const port = 8080;

export interface TestHost {
  readonly engine: Engine;
  /** `docker` of that engine; what it printed on both streams. */
  docker(...args: string[]): Promise<string>;
  /** Runs a program of the host, in its network. */
  readonly onHost: RunOnHost;
  stopEngine(): Promise<void>;
  /** As a crash ends it: its containers go on without it. */
  killEngine(): Promise<void>;
  /** Resolves when it answers again, or still. With other flags, it must have been stopped before. */
  startEngine(flags?: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** `daemonFlags` are dockerd's, beside its own. */
export async function startTestHost(image: string, daemonFlags: readonly string[] = []): Promise<TestHost> {
  const folder = await mkdtemp(join(tmpdir(), "longshore-host-"));
  // An engine that maps users looks into its folders as one of them.
  await chmod(folder, 0o711);
  const id = folder.slice(-6);
  const [host, world] = [`lsh-${id}`, `lsw-${id}`];
  const socket = join(folder, "docker.sock");
  const children: ChildProcess[] = [];
  let revive = async () => {};
  const close = async () => {
    // One that was killed has left containers, which only an engine ends.
    await revive();
    await Promise.all(children.reverse().map((child) => ended(child)));
    // An engine that was killed leaves containers that were about to begin. The brackets: not this shell.
    const shims = `pgrep -f "[c]ontainerd-shim.*${folder}/exec"`;
    await run("sh", ["-c", `for pid in $(${shims}); do pkill -9 -P "$pid"; kill -9 "$pid"; done || true`]);
    for (const name of [host, world]) await run("ip", ["netns", "del", name]).catch(() => {});
    // dockerd leaves the mounts of its network namespaces.
    await run("sh", ["-c", `grep -o '${folder}[^ ]*' /proc/mounts | sort -ru | xargs -r umount -l`]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await makeNetworks(host, world);
    children.push(await listening(world, `listen("::", 80); listen("::", 53); answer("${places.resolver}");`));
    children.push(await listening(host, `listen("::", ${port});`));
    await writeFile(join(folder, "resolv.conf"), `nameserver ${places.resolver}\n`);
    let engine = startDocker(host, folder, socket, daemonFlags);
    children.push(engine);
    const docker = async (...args: string[]) => {
      const { stdout, stderr } = await run("docker", ["-H", `unix://${socket}`, ...args]);
      return stdout + stderr;
    };
    const answering = () =>
      until(
        "the engine answers",
        () => docker("info").then(() => true, String),
        (answers) => answers === true,
      );
    await answering();
    await run("sh", ["-c", `docker save ${image} | docker -H unix://${socket} load`]);
    const onHost: RunOnHost = (program, args, input) => inNetwork(host, program, args, input);
    const stopEngine = () => ended(engine);
    const killEngine = async () => {
      const supervisor = join(folder, "exec/containerd/containerd.pid");
      const pid = Number(await readFile(supervisor, "utf8"));
      await ended(engine, "SIGKILL");
      // The kernel ends it with the engine. One that starts before somebody has reaped it would wait for it in vain.
      await until("its supervisor has ended", () => hasEnded(pid), Boolean);
      await rm(supervisor);
    };
    const startEngine = async (flags = daemonFlags) => {
      if (engine.exitCode === null && engine.signalCode === null) return;
      engine = startDocker(host, folder, socket, flags);
      children.push(engine);
      await answering();
    };
    revive = () => startEngine();
    const calls = new Engine(new Modem({ socketPath: socket }));
    return { engine: calls, docker, onHost, stopEngine, killEngine, startEngine, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function makeNetworks(host: string, world: string): Promise<void> {
  const ip = (...args: string[]) => run("ip", args);
  await ip("netns", "add", host);
  await ip("netns", "add", world);
  await ip("-n", host, "link", "add", "uplink", "type", "veth", "peer", "name", "downlink", "netns", world);
  for (const [name, device] of [
    [host, "lo"],
    [host, "uplink"],
    [world, "lo"],
    [world, "downlink"],
  ] as const)
    await ip("-n", name, "link", "set", "dev", device, "up");
  await ip("-n", host, "addr", "add", `${places.host}/24`, "dev", "uplink");
  await ip("-n", world, "addr", "add", `${places.router}/24`, "dev", "downlink");
  await ip("-n", host, "route", "add", "default", "via", places.router);
  for (const address of [places.internet, places.lan, places.metadata, places.resolver])
    await ip("-n", world, "addr", "add", `${address}/32`, "dev", "lo");
  // Without duplicate address detection, for which the stand-ins would have to wait.
  await ip("-n", host, "addr", "add", `${placesV6.host}/64`, "dev", "uplink", "nodad");
  await ip("-n", world, "addr", "add", `${placesV6.router}/64`, "dev", "downlink", "nodad");
  await ip("-n", host, "route", "add", "default", "via", placesV6.router);
  for (const address of [placesV6.internet, placesV6.lan, placesV6.metadata])
    await ip("-n", world, "addr", "add", `${address}/128`, "dev", "lo", "nodad");
}

/** The engine with everything of its own. Another one on the same machine keeps its bridge only because of the namespaces. */
function startDocker(host: string, folder: string, socket: string, flags: readonly string[]): ChildProcess {
  const script = `mount --bind ${folder}/resolv.conf "$(readlink -f /etc/resolv.conf)" && exec dockerd -H unix://${socket} \
    --data-root ${folder}/data --exec-root ${folder}/exec --pidfile ${folder}/docker.pid "$@"`;
  const inNamespaces = [`--net=/run/netns/${host}`, "unshare", "-m"];
  return spawn("nsenter", [...inNamespaces, "sh", "-c", script, "sh", ...flags], { stdio: "ignore" });
}

/** A process in that network which runs the program over these functions, once it listens. */
async function listening(network: string, program: string): Promise<ChildProcess> {
  const text = `
    const { createServer } = require("node:net");
    const { createSocket } = require("node:dgram");
    const listen = (address, port) =>
      createServer((socket) => socket.on("error", () => {}).end("reached\\n")).listen(port, address);
    const answer = (address) => {
      const socket = createSocket("udp4", (query, { port, address: from }) => {
        const known = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ${places.internet.split(".").join(",")}]);
        const end = query.indexOf(0, 12) + 5;
        const isA = query.readUInt16BE(end - 4) === 1;
        const head = Buffer.from(query.subarray(0, end));
        head.writeUInt16BE(0x8180, 2);
        head.writeUInt16BE(isA ? 1 : 0, 6);
        head.writeUInt32BE(0, 8);
        socket.send(isA ? Buffer.concat([head, known]) : head, port, from);
      });
      socket.bind(53, address);
    };
    ${program}
    console.log("ready");`;
  const child = spawn("nsenter", [`--net=/run/netns/${network}`, process.execPath, "-e", text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("exit", (code) => reject(new Error(`The stand-in ended with ${code}.`)));
  });
  return child;
}

function inNetwork(network: string, program: string, args: readonly string[], input?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile("nsenter", [`--net=/run/netns/${network}`, program, ...args], (error) =>
      error ? reject(error) : resolve(),
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

async function ended(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  await exit;
}

/** Of a process that nobody here may wait for: what init has not reaped yet has ended too. */
async function hasEnded(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "gone) X");
  return /\) [XZ]/.test(stat);
}
