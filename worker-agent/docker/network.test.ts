// What a job reaches and what it doesn't, on a Docker host with networks of its own around it.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { own } from "../../wire/ids.ts";
import { hostAskMs } from "../limits.ts";
import type { AgentEvent } from "../log.ts";
import { places, port, startTestHost, type TestHost } from "../testHost.ts";
import { image, until } from "../testStack.ts";
import { systemWorld } from "../world.ts";
import { capabilities } from "./container.ts";
import { bridgeOf } from "./firewall.ts";
import { JobNetwork, type JobNetworkOptions, type Place } from "./network.ts";

const agent = "0123456789abcdef0123456789abcdef";
const queue = own.queueHash("1".repeat(64));
const otherQueue = own.queueHash("2".repeat(64));

let host: TestHost;
let network: JobNetwork;
let skewMs = 0;
const events: AgentEvent[] = [];

beforeAll(async () => {
  host = await startTestHost(image);
  await host.engine.info();
  network = newNetwork();
  await network.open(AbortSignal.timeout(60_000));
});

afterAll(async () => {
  await network.remove(AbortSignal.timeout(60_000));
  try {
    expect(await host.docker("ps", "-aq")).toBe("");
    expect(await host.docker("network", "ls", "-q", "--filter", "label=longshore.agent")).toBe("");
    await expect(host.onHost("iptables", ["-S", "LONGSHORE-0123456789ab-I"])).rejects.toThrow();
  } finally {
    await host.close();
  }
});

describe("a job", () => {
  test("reaches the internet and resolves names", async () => {
    const said = await inPlace(await network.place(queue), `nslookup any.example; ${reach(places.internet, 80)}`);
    expect(said).toContain(`Address: ${places.internet}`);
    expect(said).toContain("reached");
  });

  test("reaches no host, no private network, no metadata, and of the resolver only its port 53", async () => {
    const place = await network.place(queue);
    const gateway = await gatewayOf();
    const closed = [
      [gateway, port],
      [places.host, port],
      ["172.17.0.1", port],
      [places.lan, 80],
      [places.metadata, 80],
      [places.resolver, 80],
    ] as const;
    const said = await inPlace(
      place,
      [...closed.map(([address, at]) => reach(address, at)), reach(places.resolver, 53)].join("; "),
    );
    expect(said.match(/No route to host/g)).toHaveLength(closed.length);
    // The resolver's own, and nothing else.
    expect(said.match(/reached/g)).toHaveLength(1);
  });

  test("can't open the fence, as root with a job's rights", async () => {
    const said = await inPlace(
      await network.place(queue),
      `ip route del unreachable 10.0.0.0/8; ip route add ${places.lan} dev eth0; ip link set eth0 down; ${reach(places.lan, 80)}`,
    );
    expect(said.match(/Operation not permitted/g)).toHaveLength(3);
    expect(said).toMatch(/No route to host/);
  });

  test("reaches no other job", async () => {
    const server = await network.place(queue);
    const client = await network.place(queue);
    expect(server.hostConfig).not.toEqual(client.hostConfig);
    const name = `server-${crypto.randomUUID()}`;
    await host.docker(
      "run",
      "-d",
      "--name",
      name,
      ...joined(server),
      image,
      "sh",
      "-c",
      "while nc -l -p 80 -e echo reached; do :; done",
    );
    const [address = ""] =
      /inet (\S+)\//.exec(await host.docker("exec", name, "ip", "-4", "addr", "show", "dev", "eth0"))?.slice(1) ?? [];
    expect(await host.docker("exec", name, "sh", "-c", reach(address, 80))).toContain("reached");
    expect(await inPlace(client, reach(address, 80))).toMatch(/No route to host/);
    await host.docker("rm", "-f", name);
    server.leave();
  });
});

describe("a namespace", () => {
  test("serves one queue, one job after the other", async () => {
    const seen = new Set<string>();
    // Not a certain one: while many are looked through after use, the one that waits longest may be let go.
    await until(
      "a namespace comes back to its queue",
      async () => {
        const place = await network.place(queue);
        const mode = place.hostConfig.NetworkMode;
        const isBack = seen.has(mode);
        seen.add(mode);
        place.leave();
        return isBack;
      },
      Boolean,
    );
    const other = await network.place(otherQueue);
    expect(seen).not.toContain(other.hostConfig.NetworkMode);
    other.leave();
  });

  test("in which a job left a socket is not used again", async () => {
    const place = await network.place(queue);
    const name = `left-${crypto.randomUUID()}`;
    await host.docker("run", "-d", "--name", name, ...joined(place), image, "nc", "-l", "-p", "7777", "-e", "true");
    await until(
      "it listens",
      () => host.docker("exec", name, "cat", "/proc/net/tcp", "/proc/net/tcp6"),
      (text) => text.includes(":1E61"),
    );
    place.leave();
    await until(
      "the holder is gone",
      () => host.docker("ps", "-q", "--no-trunc"),
      (ids) => !ids.includes(holderOf(place)),
    );
    await host.docker("rm", "-f", name);
  });

  test("whose holder has died is not used", async () => {
    const place = await network.place(queue);
    place.leave();
    await host.docker("kill", holderOf(place)).catch(() => {});
    for (const next of [await network.place(queue), await network.place(queue)]) {
      expect(await inPlace(next, reach(places.internet, 80))).toContain("reached");
    }
  });
});

test("a new address of the host is closed too", async () => {
  // Made, for the host as it is.
  (await network.place(queue)).leave();
  await host.onHost("ip", ["addr", "add", "192.0.2.77/32", "dev", "uplink"]);
  skewMs += hostAskMs + 1;
  await until(
    "the change is noticed",
    () => events,
    (seen) => seen.some(({ event }) => event === "host addresses changed"),
  );
  expect(await inPlace(await network.place(queue), reach("192.0.2.77", port))).toMatch(/No route to host/);
});

test("the self-test tries it and says what it found", async () => {
  const lines = await until(
    "it was tested",
    () => events.filter(({ event }) => event === "network tested"),
    (seen) => seen.length > 0,
  );
  expect(lines[0]).toMatchObject({
    level: undefined,
    firewall: true,
    names: "resolve",
    message: "Jobs reach neither this machine nor its network.",
  });
});

test("the host's packet filter holds for a container that is in no namespace made ahead", async () => {
  const on = ["--rm", "--network", network.name, image, "sh", "-c"];
  expect(await host.docker("run", ...on, `nslookup any.example; ${reach(places.internet, 80)}`)).toContain("reached");
  const closed = [await gatewayOf(), places.host].map((address) => reach(address, port));
  const said = await host.docker(
    "run",
    ...on,
    [...closed, reach(places.lan, 80), reach(places.metadata, 80), "true"].join("; "),
  );
  expect(said).not.toContain("reached");
});

describe("where there is no fence", () => {
  const noTools = "without-ip";
  let made: JobNetwork;

  beforeAll(async () => {
    const tools = (await host.docker("images", "longshore/tools", "--format", "{{.Repository}}:{{.Tag}}")).trim();
    const address = `echo "2: eth0 inet ${places.host}/24"`;
    const noIp = `echo 'case $1 in -o) ${address};; *) echo no rights; exit 1;; esac' > /tools/ip`;
    await host.docker("run", "--name", noTools, "--entrypoint", "/tools/sh", tools, "-c", noIp);
    await host.docker("commit", noTools, noTools);
    await host.docker("rm", noTools);
  });

  afterEach(() => made.remove(AbortSignal.timeout(60_000)));

  test("jobs get no network, and the log says why and what to do", async () => {
    made = newNetwork({ fence: "auto" });
    await made.open(AbortSignal.timeout(60_000));
    for (const place of [await made.place(queue), await made.place(queue)])
      expect(place.hostConfig.NetworkMode).toBe("none");
    const said = events.filter(({ event }) => event === "network not fenced");
    expect(said).toEqual([
      expect.objectContaining({ level: "warn", message: expect.stringMatching(/could not be closed: .*--fence=off/s) }),
    ]);
  });

  test("an agent that insists on one does not start", async () => {
    made = newNetwork({ fence: "required" });
    await expect(made.open(AbortSignal.timeout(60_000))).rejects.toThrow(/could not be closed.*without a fence/s);
  });

  test("an operator who allows it has jobs that reach what they can", async () => {
    made = newNetwork({ fence: "off" });
    await made.open(AbortSignal.timeout(60_000));
    expect((await made.place(queue)).hostConfig.NetworkMode).toBe(made.name);
  });

  function newNetwork(options: Pick<JobNetworkOptions, "fence">): JobNetwork {
    const log = (event: AgentEvent) => void events.push(event);
    const fixed = {
      engine: host.engine,
      agent: "f".repeat(32),
      slots: 1,
      world: systemWorld,
      log,
      toolsImage: noTools,
    };
    return new JobNetwork({ ...fixed, ...options });
  }
});

test("an agent that insists on a fence starts where it holds", async () => {
  const log = (event: AgentEvent) => void events.push(event);
  const plan = {
    engine: host.engine,
    agent: "e".repeat(32),
    slots: 1,
    world: systemWorld,
    log,
    runOnHost: host.onHost,
  };
  const insisting = new JobNetwork({ ...plan, fence: "required" });
  await insisting.open(AbortSignal.timeout(60_000));
  expect((await insisting.place(queue)).hostConfig.NetworkMode).toMatch(/^container:/);
  await insisting.remove(AbortSignal.timeout(60_000));
});

function newNetwork(): JobNetwork {
  const world = { ...systemWorld, elapsed: () => performance.now() + skewMs };
  const log = (event: AgentEvent) => void events.push(event);
  return new JobNetwork({ engine: host.engine, agent, slots: 4, world, log, runOnHost: host.onHost });
}

/** Runs the script as a job would, and leaves the place. */
async function inPlace(place: Place, script: string): Promise<string> {
  try {
    return await host.docker("run", "--rm", ...joined(place), image, "sh", "-c", `${script}; true`);
  } finally {
    place.leave();
  }
}

function joined({ hostConfig }: Place): readonly string[] {
  const rights = capabilities.flatMap((name) => ["--cap-add", name]);
  return ["--network", hostConfig.NetworkMode, "--cap-drop", "ALL", ...rights];
}

function holderOf({ hostConfig }: Place): string {
  return hostConfig.NetworkMode.replace("container:", "");
}

function reach(address: string, at: number): string {
  return `nc -w 2 ${address} ${at} </dev/null`;
}

async function gatewayOf(): Promise<string> {
  expect(bridgeOf(agent)).toHaveLength(15);
  const template = "{{(index .IPAM.Config 0).Gateway}}";
  return (await host.docker("network", "inspect", network.name, "--format", template)).trim();
}
