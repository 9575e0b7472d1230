import { describe, expect, test } from "vitest";
import { isNamedBy, parseImageName } from "../images/imageName.ts";
import { type Address, guardedAddress } from "./guard.ts";

const publicAddress: Address = { address: "93.184.215.14", family: 4 };
const guard = { allowRanges: [], ownAddresses: () => [] };

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
