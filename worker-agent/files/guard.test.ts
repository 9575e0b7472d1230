import { describe, expect, test } from "vitest";
import { isNamedBy, parseImageName } from "../docker/imageName.ts";
import { type Address, guardedAddress, isAllowed, rangeFault } from "./guard.ts";

const publicAddress: Address = { address: "93.184.215.14", family: 4 };
const guard = { allowRanges: [], ownAddresses: () => [] };

describe("addresses that a stranger's URL may name", () => {
  test.each([
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fe80::1",
    "fd00:ec2::254",
    "ff02::1",
    "not an address",
  ])("%s is refused", (address) => {
    expect(isAllowed(address, [])).toBe(false);
  });

  test.each(["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8"])(
    "%s is fine",
    (address) => {
      expect(isAllowed(address, [])).toBe(true);
    },
  );

  test("this machine's own address is refused although it is public", () => {
    expect(isAllowed("93.184.215.14", [], ["93.184.215.14"])).toBe(false);
  });

  test("a range that the operator allows is fine, its neighbours are not", () => {
    expect(isAllowed("10.1.2.3", ["10.1.0.0/16"])).toBe(true);
    expect(isAllowed("10.2.0.1", ["10.1.0.0/16"])).toBe(false);
    expect(isAllowed("::ffff:10.1.2.3", ["fd00::/8", "10.1.0.0/16"])).toBe(true);
  });

  test("a range has a prefix length", () => {
    expect(rangeFault("10.0.0.0")).toMatch(/no address range/);
    expect(rangeFault("fd00::/8")).toBeUndefined();
  });
});

describe("the guard", () => {
  const refusals: readonly (readonly [url: string, says: RegExp])[] = [
    ["file:///etc/passwd", /neither http nor https/],
    ["ftp://example.org/a", /neither http nor https/],
    ["http://127.0.0.1:8000/f/x", /not on the public internet/],
    ["http://2130706433/", /not on the public internet/],
    ["http://0x7f.1/", /not on the public internet/],
    ["http://[::1]/", /not on the public internet/],
    ["http://[::ffff:169.254.169.254]/latest", /not on the public internet/],
    ["http://localhost/", /not on the public internet/],
  ];
  test.each(refusals)("refuses %s", async (url, says) => {
    await expect(guardedAddress(new URL(url), guard)).rejects.toThrow(says);
  });

  test("gives the address it has checked", async () => {
    const resolve = async () => [{ address: "10.0.0.1", family: 4 } as const, publicAddress];
    expect(await guardedAddress(new URL("https://example.org/"), { ...guard, resolve })).toEqual(publicAddress);
  });

  test("refuses a name that leads inside", async () => {
    const resolve = async () => [{ address: "10.0.0.1", family: 4 } as const];
    await expect(guardedAddress(new URL("https://inside.example.org/"), { ...guard, resolve })).rejects.toThrow(
      /--allow-range/,
    );
  });

  test("shows no credentials and no query in its sentence", async () => {
    const refused = guardedAddress(new URL("http://user:pass@127.0.0.1/a?token=secret"), guard);
    await expect(refused).rejects.toThrow(/^(?!.*(?:pass|secret))/s);
  });
});

describe("names of images", () => {
  test.each([
    ["busybox", "docker.io", "busybox", "latest"],
    ["python:3.12-slim", "docker.io", "python", "3.12-slim"],
    ["someone/thing", "docker.io", "someone/thing", "latest"],
    ["ghcr.io/a/b/c:1", "ghcr.io", "ghcr.io/a/b/c", "1"],
    ["localhost:5000/a", "localhost:5000", "localhost:5000/a", "latest"],
    ["localhost/a", "localhost", "localhost/a", "latest"],
    ["10.0.0.1:5000/a:2", "10.0.0.1:5000", "10.0.0.1:5000/a", "2"],
    [`a@sha256:${"0".repeat(64)}`, "docker.io", "a", `sha256:${"0".repeat(64)}`],
    [`a:1@sha256:${"0".repeat(64)}`, "docker.io", "a", `sha256:${"0".repeat(64)}`],
  ])("%s", (text, registry, repository, tag) => {
    expect(parseImageName(text)).toEqual({ registry, repository, tag });
  });

  test.each(["", "UPPER", "a b", "../x", "a//b", "a:", "http://x/y", "-a", "a/json?x=1", "a#b"])(
    "%j is none",
    (text) => {
      expect(parseImageName(text)).toBeUndefined();
    },
  );

  test("an operator's list has repositories, tags and beginnings", () => {
    expect(isNamedBy(["ghcr.io/me/*"], "ghcr.io/me/x:1")).toBe(true);
    expect(isNamedBy(["ghcr.io/me/*"], "ghcr.io/mean/x")).toBe(false);
    expect(isNamedBy(["mine"], "mine:7")).toBe(true);
    expect(isNamedBy(["mine:7"], "mine:8")).toBe(false);
    expect(isNamedBy(["mine:latest"], "mine")).toBe(true);
  });
});
