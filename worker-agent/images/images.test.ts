// Pulls from a real registry with a real engine.

import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import * as v from "valibot";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { QueueHash } from "../../wire/ids.ts";
import { Engine } from "../docker/engine.ts";
import { tarOf } from "../docker/tar.ts";
import type { ProgressNote } from "../job/phases.ts";
import { docker } from "../testEngine.ts";
import { systemWorld } from "../world.ts";
import { Images, type ImagesOptions } from "./images.ts";
import { ImageRecords } from "./records.ts";
import { startRegistry, type TestRegistry } from "./testRegistry.ts";

const engine = new Engine();
const queue = v.parse(QueueHash, "a".repeat(64));
const never = new AbortController().signal;
let open: TestRegistry;
let closed: TestRegistry;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "longshore-images-"));
  [open, closed] = await Promise.all([startRegistry(), startRegistry({ password: true })]);
});

afterEach(async () => {
  for (const { name } of [open, closed])
    for (const image of await docker("images", "-q", "--filter", `reference=${name}/*`))
      await docker("rmi", "-f", image);
});

afterAll(async () => {
  await Promise.all([open.close(), closed.close()]);
  await rm(folder, { recursive: true, force: true });
});

async function images(options: Partial<ImagesOptions> = {}): Promise<Images> {
  const dataDir = await mkdtemp(join(folder, "data-"));
  return new Images({
    engine,
    records: await ImageRecords.open(dataDir, systemWorld),
    guard: { allowRanges: ["127.0.0.0/8"], ownAddresses: () => [] },
    trusted: false,
    allowImages: [],
    pull: "missing",
    loginFolder: dataDir,
    world: systemWorld,
    ...options,
  });
}

/** Puts an image that nobody else has into the registry: `bytes` of noise. */
async function pushed(registry: TestRegistry, bytes = 1_000): Promise<string> {
  const repository = `noise-${crypto.randomUUID()}`;
  await engine.images.import(
    "longshore-test",
    repository,
    tarOf([{ name: "noise", mode: 0o644, content: randomBytes(bytes) }]),
  );
  await registry.push(`longshore-test:${repository}`, repository);
  await docker("rmi", `longshore-test:${repository}`);
  return `${registry.name}/${repository}`;
}

interface Heard {
  readonly lines: string[];
  readonly notes: ProgressNote[];
}

function watcher() {
  const heard: Heard = { lines: [], notes: [] };
  return {
    heard,
    line: (text: string) => heard.lines.push(text),
    progress: (note: ProgressNote) => heard.notes.push(note),
  };
}

describe("an image that is not here", () => {
  test("is pulled once for all that wait, and the registry is not asked again", async () => {
    const name = await pushed(open);
    const some = await images();
    const watchers = Array.from({ length: 5 }, watcher);
    const got = await Promise.all(watchers.map((each) => some.ensure(name, queue, each, never)));
    expect(new Set(got.map(({ id }) => id)).size).toBe(1);
    expect(got[0]?.digests[0]).toMatch(new RegExp(`^${name}@sha256:[0-9a-f]{64}$`));
    for (const { heard } of watchers)
      expect(heard.lines.join("\n")).toMatch(/^Pulling .*\n(.*\n)*.*Status: Downloaded/);
    const manifests = () => open.asked().filter((request) => request.includes("/manifests/"));
    const asked = manifests().length;
    await some.ensure(name, queue, watcher(), never);
    expect(manifests()).toHaveLength(asked);
  });

  test("tells how many bytes of it are here, then how many are unpacked, and never fewer than before", async () => {
    const name = await pushed(open, 30_000_000);
    let time = 0;
    const some = await images({ world: { ...systemWorld, elapsed: () => (time += 1_000) } });
    const each = watcher();
    await some.ensure(name, queue, each, never);
    const amounts = each.heard.notes.flatMap(({ amount }) => (amount ? [amount] : []));
    expect(amounts.at(-1)?.total).toBeGreaterThan(29_000_000);
    for (const stage of ["Downloading", "Unpacking"]) {
      const done = each.heard.notes.filter(({ message }) => message === stage).map(({ amount }) => amount?.done ?? 0);
      expect(done.length).toBeGreaterThan(0);
      expect(done).toEqual(done.toSorted((a, b) => a - b));
    }
    expect(amounts.every(({ unit, done, total }) => unit === "bytes" && done <= total)).toBe(true);
  });

  test("is pulled no further when the last that waits has gone", async () => {
    const name = await pushed(open, 60_000_000);
    const some = await images();
    const leaving = new AbortController();
    const pull = some.ensure(name, queue, { line: () => leaving.abort(), progress: () => {} }, leaving.signal);
    await expect(pull).rejects.toThrow(/aborted/);
    expect(await engine.images.find(name)).toBeUndefined();
  });

  test("is not pulled where the operator lets nothing be", async () => {
    const name = await pushed(open);
    const some = await images({ pull: "never" });
    await expect(some.ensure(name, queue, watcher(), never)).rejects.toThrow(
      /is not on the agent's machine.*--pull never/,
    );
  });
});

describe("a tag", () => {
  test("is asked for again when its time is over, and the new image is used", async () => {
    const name = await pushed(open);
    let now = 0;
    const some = await images({ pull: { afterMs: 60_000 }, world: { ...systemWorld, now: () => now } });
    const old = await some.ensure(name, queue, watcher(), never);
    await docker("rmi", name);
    const repository = name.slice(open.name.length + 1);
    await engine.images.import(
      "longshore-test",
      repository,
      tarOf([{ name: "new", mode: 0o644, content: randomBytes(9) }]),
    );
    await open.push(`longshore-test:${repository}`, repository);
    await docker("rmi", `longshore-test:${repository}`);
    const fresh = await some.ensure(name, queue, watcher(), never);
    expect(fresh.id).not.toBe(old.id);
    now = 30_000;
    const asked = open.asked().length;
    await some.ensure(name, queue, watcher(), never);
    expect(open.asked()).toHaveLength(asked);
    now = 60_000;
    await some.ensure(name, queue, watcher(), never);
    expect(open.asked().length).toBeGreaterThan(asked);
  });

  test("that no registry can be asked for is the image that is here", async () => {
    const name = `127.0.0.1:1/here-${crypto.randomUUID()}`;
    await docker("tag", "longshore/shell", name);
    try {
      const each = watcher();
      const some = await images({ trusted: true, pull: { afterMs: 0 } });
      expect((await some.ensure(name, queue, each, never)).id).toBe((await engine.images.find("longshore/shell"))?.id);
      expect(each.heard.lines.at(-1)).toMatch(/could not be reached.*The one that is here is used/);
    } finally {
      await docker("rmi", name);
    }
  });
});

describe("a registry with a password", () => {
  test("gives nothing without a login, and the fault says what to do", async () => {
    const name = await pushed(closed);
    const some = await images({ trusted: true });
    await expect(some.ensure(name, queue, watcher(), never)).rejects.toThrow(
      new RegExp(`can't be pulled without a login.*docker login ${closed.name}`),
    );
  });

  test("gives its images to the operator's own queues, and nobody hears the password", async () => {
    const name = await pushed(closed);
    const some = await images({ trusted: true, loginFolder: closed.loginFolder });
    const each = watcher();
    await some.ensure(name, queue, each, never);
    expect(each.heard.lines[0]).toMatch(/with this agent's login/);
    expect(JSON.stringify(each.heard)).not.toContain("horse");
  });

  test("gives foreign queues only what the operator allows by name, also once it is here", async () => {
    const name = await pushed(closed);
    const records = await ImageRecords.open(await mkdtemp(join(folder, "data-")), systemWorld);
    const shared = { records, loginFolder: closed.loginFolder };
    const foreign = await images(shared);
    await expect(foreign.ensure(name, queue, watcher(), never)).rejects.toThrow(/can't be pulled without a login/);
    const allowing = await images({ ...shared, allowImages: [`${closed.name}/noise-*`] });
    await allowing.ensure(name, queue, watcher(), never);
    await expect(foreign.ensure(name, queue, watcher(), never)).rejects.toThrow(/may be private.*--allow-image/);
  });

  test("asks the program that the login's file names", async () => {
    const name = await pushed(closed);
    const login = await mkdtemp(join(folder, "login-"));
    const path = process.env.PATH;
    process.env.PATH = `${login}${delimiter}${path}`;
    try {
      const helper = join(login, "docker-credential-longshoretest");
      await writeFile(
        helper,
        `#!/bin/sh\nread -r server\n[ "$1 $server" = "get ${closed.name}" ] || exit 1\necho '{"Username":"ann","Secret":"horse"}'\n`,
      );
      await chmod(helper, 0o755);
      const config = { credHelpers: { [closed.name]: "longshoretest" }, auths: {} };
      await writeFile(join(login, "config.json"), JSON.stringify(config));
      await (await images({ trusted: true, loginFolder: login })).ensure(name, queue, watcher(), never);
    } finally {
      process.env.PATH = path;
    }
  });
});

describe("what a queue built", () => {
  test("is its own, also where images of this machine are not", async () => {
    const tag = `longshore/build:${crypto.randomUUID()}`;
    const labels = { "longshore.build.queue": queue };
    const [repository = "", version = ""] = tag.split(":");
    const archive = tarOf([{ name: "noise", mode: 0o644, content: randomBytes(9) }]);
    await engine.images.import(repository, version, archive, { labels });
    try {
      expect((await (await images()).ensure(tag, queue, watcher(), never)).labels).toMatchObject(labels);
    } finally {
      await docker("rmi", tag);
    }
  });
});

describe("what another queue built", () => {
  test("is nobody else's, also on the operator's own queues and by its id", async () => {
    const tag = `longshore/build:${crypto.randomUUID()}`;
    await docker("tag", "longshore/shell", tag);
    const some = await images({ trusted: true });
    try {
      await expect(some.ensure(tag, queue, watcher(), never)).rejects.toThrow(/was built for another queue/);
    } finally {
      await docker("rmi", tag);
    }
  });
});
