// A job that tries everything it must not: every attempt fails, and the host keeps working. On a Docker host with networks of
// its own around it, through the agent as people run it.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { places, placesV6, port, startTestHost, type TestHost } from "../testHost.ts";
import { image, logText, type Stack, startStack, until } from "../testStack.ts";

const secret = `secret-${crypto.randomUUID()}`;
const published = 9000;

let host: TestHost;
let stack: Stack;
let otherQueue: string;
/** What every attempt came to, by its name. */
let outcomes: ReadonlyMap<string, string>;

beforeAll(async () => {
  [host, stack] = await Promise.all([startTestHost(image), startStack()]);
  otherQueue = `${stack.queue}-other`;
  const dataDir = await stack.folder();
  await mkdir(join(dataDir, "jobs", "another"), { recursive: true });
  await writeFile(join(dataDir, "jobs", "another", secret), secret);
  await stack.agent({
    engine: host.engine,
    dataDir,
    queues: [stack.queue, otherQueue],
    capacity: { slots: 4, cpus: 2, memoryBytes: 512 * 1024 ** 2, gpus: [], tags: [], maxDurationMs: 60_000 },
    limits: { pids: 64 },
  });
  // Somebody's own service on the same host, with a port that all the world may use.
  await host.docker("run", "-d", "--name", "service", "-p", `${published}:80`, image, "sh", "-c", server);
  await stack.run({ command: ["sh", "-c", `echo ${secret} > /job-cache/${secret}`] }, otherQueue);
  outcomes = await probed();
});

afterAll(async () => {
  try {
    await stack.close();
    await host.docker("rm", "-f", "service");
    expect(await host.docker("ps", "-aq")).toBe("");
  } finally {
    await host.close();
  }
});

const server = "while nc -l -p 80 -e echo reached; do :; done";
const reach = (address: string, at: number) => `nc -w 2 ${address} ${at} </dev/null | grep -q reached`;

/** Each is a shell command that succeeds where there is a hole. */
const attempts = {
  "the gateway": reach("$gateway", port),
  "the host": reach(places.host, port),
  "the host, IPv6": reach(placesV6.host, port),
  "the engine's own bridge": reach("172.17.0.1", port),
  "a published port on the gateway": reach("$gateway", published),
  "a published port on the host": reach(places.host, published),
  "a container of somebody else": reach("172.17.0.2", 80),
  "another job of the same queue": reach("$neighbour", 80),
  "a private network": reach(places.lan, 80),
  "a private network, IPv6": reach(placesV6.lan, 80),
  "the metadata address": reach(places.metadata, 80),
  "the metadata address, IPv6": reach(placesV6.metadata, 80),
  "the resolver beside its port 53": reach(places.resolver, 80),
  "the router": reach(places.router, 80),
  "IPv6 switched on": "echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6",
  "other routes": `ip route add ${places.lan} dev eth0 || ip route del unreachable 10.0.0.0/8`,
  "other addresses": "ip addr add 203.0.113.9/24 dev eth0 || ip link set eth0 down",
  "the engine's socket": "find / -xdev -type s | grep . || grep -E 'docker|containerd' /proc/net/unix",
  "files of other jobs and queues": `find / -name '${secret}' 2>/dev/null | grep . || cat /job-cache/* | grep ${secret}`,
  "processes of the host": "ls /proc | grep -qx 2 && ps | grep -E 'dockerd|node'",
  "the first process's own view of the disk": "ls /proc/1/root/work /proc/1/root/var/lib/docker",
  "another mount": "mount -t tmpfs none /mnt || mount -o remount,rw /inputs || mount --bind / /mnt",
  "another user namespace": "unshare -r true || unshare -m true || unshare -n true",
  "another root": "mkdir -p /tmp/r && chroot /tmp/r true || chroot / true",
  "a raw device": "mknod /tmp/disk b 254 0 || mknod /tmp/mem c 1 1 || ls /dev | grep -E '^(sd|vd|nvme|loop|mem|kmsg)'",
  "the kernel's memory": "head -c 1 /proc/kcore | grep -q . || head -c 1 /dev/mem",
  "the kernel's settings": "echo 1 > /proc/sys/vm/drop_caches || echo b > /proc/sysrq-trigger || touch /sys/kernel/x",
  "the clock": "date -s 2001-01-01; date | grep 2001",
  "a raw socket": "ping -c 1 -W 1 $gateway",
  "more rights": "grep -E 'CapEff:.*[1-9a-f]' /proc/self/status | grep -v 00000000000004eb",
  "more shared memory": "dd if=/dev/zero of=/dev/shm/x bs=1M count=100",
  inputs: "touch /inputs/x",
};

/** What must work all the same. */
const allowed = {
  "the internet": reach(places.internet, 80),
  "a name": `nslookup any.example | grep -q ${places.internet}`,
  "the resolver": reach(places.resolver, 53),
  outputs: "touch /outputs/x",
  "the cache of its queue": "touch /job-cache/x",
  "its own file system": "touch /x",
};

describe("a job that tries to reach", () => {
  test.each(Object.keys(attempts))("%s fails", (name) => {
    expect(outcomes.get(name)).toBe("refused");
  });

  test.each(Object.keys(allowed))("%s succeeds", (name) => {
    expect(outcomes.get(name)).toBe("done");
  });
});

describe("a job that takes", () => {
  test("more memory than it may is killed", async () => {
    const command = ["sh", "-c", "head -c 300m /dev/zero | tail -c 300m | wc -c"];
    const { logs, StatusCode } = await stack.run({ command: [...command], requirements: { memory: "64m" } });
    expect([StatusCode, logs.map(([text]) => text).join()]).not.toContain(String(300 * 1024 ** 2));
  });

  test("more processes than it may gets no more", async () => {
    const command = ["sh", "-c", "for i in $(seq 200); do sleep 20 & done; echo all"];
    const result = await stack.run({ command });
    expect(logText(result)).toMatch(/can't fork/);
    expect(logText(result)).not.toContain("all");
  });
});

test("the host keeps working", async () => {
  expect(await host.docker("exec", "service", "echo", "here")).toBe("here\n");
  expect((await stack.run({ command: "echo here" })).StatusCode).toBe(0);
});

/** Runs all of it in one job, beside another one of the same queue that listens. */
async function probed(): Promise<ReadonlyMap<string, string>> {
  const neighbour = await stack.submit({ command: ["sh", "-c", server] });
  const id = await until(
    "the other job runs",
    async () => (await host.docker("ps", "-q", "--filter", `label=longshore.job=${neighbour}`)).trim(),
    (found) => found !== "",
  );
  const addresses = await host.docker("exec", id, "ip", "-4", "addr", "show", "dev", "eth0");
  const [address = ""] = /inet (\S+)\//.exec(addresses)?.slice(1) ?? [];
  // It can be reached, from where that is allowed.
  expect(await host.docker("exec", id, "sh", "-c", `${reach(address, 80)} && echo reached`)).toBe("reached\n");
  const script = [
    `export neighbour=${address}`,
    `export gateway=$(ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p')`,
    'echo "gateway: $gateway"',
    'try() { if timeout 5 sh -c "$2" >/dev/null 2>&1; then echo "$1: done"; else echo "$1: refused"; fi; }',
    ...Object.entries({ ...attempts, ...allowed }).map(([name, command]) => `try ${quoted(name)} ${quoted(command)}`),
  ].join("\n");
  const said = logText(await stack.run({ command: ["sh", "-c", script] }));
  await stack.cancel(neighbour);
  const lines = new Map(said.split("\n").map((line) => [line.replace(/: [^:]*$/, ""), line.replace(/^.*: /, "")]));
  expect(lines.get("gateway")).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  return lines;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
