// The fence's decisions, without an engine.

import { describe, expect, test } from "vitest";
import { closedResolvers, essenceOf, factsIn, fenceScript, filterRules } from "./fence.ts";
import { findingsIn, probeTargets } from "./selfTest.ts";
import { leftSockets } from "./sockets.ts";
import { runsHere } from "./toolsImage.ts";

const job = { subnet: "172.30.0.0/16", gateway: "172.30.0.1" };

describe("the facts of a host", () => {
  test("are its IPv4 addresses and resolvers", () => {
    const text = [
      "1: lo    inet 127.0.0.1/8 scope host lo",
      "2: eth0    inet 198.51.100.7/24 brd 198.51.100.255 scope global eth0",
      "2: eth0    inet 198.51.100.7/24 scope global secondary eth0",
      "# nameserver 9.9.9.9",
      "search example.org",
      "nameserver 10.0.0.2",
      "nameserver fd00::53",
      "nameserver 1.1.1.1",
    ].join("\n");
    expect(factsIn(text)).toEqual({
      addresses: ["127.0.0.1", "198.51.100.7"],
      subnets: ["198.51.100.0/24"],
      resolvers: ["10.0.0.2", "1.1.1.1"],
    });
  });

  test("matter as far as the fence depends on them", () => {
    const facts = { addresses: ["127.0.0.1", "198.51.100.7"], subnets: [], resolvers: ["10.0.0.2"] };
    const withBridge = { ...facts, addresses: [...facts.addresses, "172.19.0.1"] };
    expect(essenceOf(withBridge)).toBe(essenceOf(facts));
    expect(essenceOf({ ...facts, addresses: ["127.0.0.1", "198.51.100.8"] })).not.toBe(essenceOf(facts));
    expect(essenceOf({ ...facts, resolvers: ["10.0.0.3"] })).not.toBe(essenceOf(facts));
  });
});

describe("resolvers", () => {
  test.each([
    ["a public one needs no exception", "1.1.1.1", []],
    ["a private one does", "10.0.0.2", ["10.0.0.2"]],
    ["one on a public address of the host does", "198.51.100.7", ["198.51.100.7"]],
    ["one on the bridge does", "172.30.0.1", ["172.30.0.1"]],
    ["one on loopback is asked by the engine itself", "127.0.0.53", []],
  ])("%s", (_what, resolver, expected) => {
    expect(closedResolvers(job, { addresses: ["198.51.100.7"], subnets: [], resolvers: [resolver] })).toEqual(expected);
  });

  test("are opened whole only if they are nothing else than resolvers, where there are no rules by port", () => {
    const addresses = ["198.51.100.7"];
    const whole = (resolver: string) =>
      fenceScript(job, { addresses, subnets: [], resolvers: [resolver] }).includes(`echo open ${resolver}`);
    expect(["10.0.0.2", "198.51.100.7", "172.30.0.1", "169.254.169.254"].map(whole)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

test("the routes close private ranges, the bridge and every address of the host", () => {
  const script = fenceScript(
    { subnet: "198.18.4.0/24", gateway: "198.18.4.1" },
    { addresses: ["127.0.0.1", "198.51.100.7"], subnets: [], resolvers: [] },
  );
  for (const range of ["10.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "198.18.4.0/24", "198.51.100.7/32"])
    expect(script.split("\n")).toContain(`ip route add unreachable ${range}`);
  expect(script).not.toContain("127.0.0.1");
  expect(script).toContain("ip route del table local broadcast 198.18.4.255 dev eth0");
});

test("the filter lets port 53 of resolvers through before it closes the rest", () => {
  const rules = filterRules(
    { input: "IN", forward: "FW" },
    { addresses: [], subnets: [], resolvers: ["10.0.0.2", "127.0.0.1"] },
  );
  const lines = rules.split("\n");
  expect(lines.indexOf("-A FW -d 10.0.0.2/32 -p udp --dport 53 -j RETURN")).toBeLessThan(
    lines.indexOf("-A FW -d 10.0.0.0/8 -j DROP"),
  );
  expect(lines.indexOf("-A IN -d 10.0.0.2/32 -p tcp --dport 53 -j ACCEPT")).toBeLessThan(
    lines.indexOf("-A IN -j DROP"),
  );
  expect(rules).not.toContain("127.0.0.1");
});

test("public networks that the host is part of are closed with it, if they are neighbourhoods", () => {
  const text = "inet 198.51.100.7/24 x inet 192.0.2.9/32 x inet 10.1.2.3/16 x inet 9.1.2.3/8 x inet 127.0.0.1/8 scope";
  const { addresses, subnets } = factsIn(text);
  expect(subnets).toEqual(["198.51.100.0/24"]);
  const script = fenceScript(job, { addresses, subnets, resolvers: ["198.51.100.53"] });
  expect(script).toContain("ip route add unreachable 198.51.100.0/24");
  expect(script).toContain("to 198.51.100.53/32 ipproto 17 dport 53");
  expect(filterRules({ input: "IN", forward: "FW" }, { addresses, subnets, resolvers: [] })).toContain(
    "-A FW -d 198.51.100.0/24 -j DROP",
  );
});

describe("the self-test", () => {
  test("tries the host, the bridge, resolvers and the metadata address", () => {
    const facts = { addresses: ["127.0.0.1", "198.51.100.7"], subnets: [], resolvers: ["10.0.0.2", "1.1.1.1"] };
    expect(probeTargets(job, facts)).toEqual([
      "169.254.169.254 80",
      "fd00:ec2::254 80",
      "172.30.0.1 22",
      "198.51.100.7 22",
      "10.0.0.2 22",
    ]);
  });

  test.each([
    [
      "a refusal shows that something was reached",
      "tried 172.30.0.1:22 sh: connect: Connection refused",
      ["172.30.0.1:22"],
    ],
    ["so does a connection", "tried 172.30.0.1:22 open", ["172.30.0.1:22"]],
    ["no route does not", "tried 172.30.0.1:22 sh: connect: No route to host", []],
    ["nor does silence", "", []],
  ])("%s", (_what, said, reached) => {
    expect(findingsIn(`${said}\n`).reached).toEqual(reached);
  });

  test("knows what it could not try", () => {
    expect(findingsIn("tried 10.0.0.2:22 sh: nc: not found\n").tried).toBe(false);
    expect(findingsIn("tried 10.0.0.2:22 sh: connect: Network is unreachable\n").tried).toBe(true);
  });

  test.each([
    ["named sh: line 1: longshore-check.invalid: Name or service not known", true],
    ["named Server: 127.0.0.11 ** server can't find longshore-check.invalid: NXDOMAIN", true],
    ["named resolved", true],
    ["named sh: longshore-check.invalid: Temporary failure in name resolution", false],
    ["", false],
  ])("of names: %s", (said, names) => {
    expect(findingsIn(`${said}\n`).names).toBe(names);
  });
});

test.each([
  [{ os: "linux", architecture: "x86_64" }, true],
  [{ os: "linux", architecture: "amd64" }, true],
  [{ os: "linux", architecture: "aarch64" }, false],
  [{ os: "windows", architecture: "x86_64" }, false],
])("tools are copied to an engine of the same kind only: %j", (engine, same) => {
  expect(runsHere(engine, { platform: "linux", arch: "x64" })).toBe(same);
});

describe("sockets", () => {
  const heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
  const socket = (state: string, inode: number, number = 0) =>
    `   ${number}: 0B00007F:8013 0A6433C6:0050 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0`;

  test("that were there before don't count, wherever they stand now", () => {
    expect(leftSockets([heading, socket("0A", 7)], [heading, socket("0A", 7, 3)])).toEqual([]);
  });

  test("that a job left count", () => {
    expect(leftSockets([heading], [heading, socket("01", 8)])).toHaveLength(1);
    expect(leftSockets([], ["0000000000000000: 00000002 00000000 00010000 0001 01 4242 @name"])).toHaveLength(1);
  });

  test("that nobody holds any more don't", () => {
    expect(leftSockets([], [socket("06", 0)])).toEqual([]);
  });
});
