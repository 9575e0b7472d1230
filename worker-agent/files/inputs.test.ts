import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { DataRef } from "../../wire/dataRef.ts";
import { own } from "../../wire/ids.ts";
import { makeJobFolder } from "../job/jobFolder.ts";
import type { ProgressNote } from "../job/phases.ts";
import { progressEveryMs } from "../limits.ts";
import { ContentCache } from "./cache.ts";
import { type InputFolders, type InputTools, planOf, prepareInputs } from "./inputs.ts";
import { Sources } from "./sources.ts";

const value: DataRef = { type: "utf8", value: "x" };
const anywhere: InputFolders = { inputs: "/data/inputs", config: "/data/config" };

describe("where inputs go", () => {
  test("below /inputs, with or without a leading slash; config files where their name says", () => {
    const definition = {
      inputs: { "a.txt": value, "/b/c.txt": value, __proto__: value },
      configFiles: { "d.txt": value, "/inputs/e.txt": value, "/etc/app.conf": value, "/opt/a:b/c": value },
    };
    const { files, mounts } = planOf({ image: "a", ...definition }, anywhere);
    expect(files.map(({ path }) => path).sort()).toEqual([
      "/data/config/0",
      "/data/config/1",
      "/data/inputs/a.txt",
      "/data/inputs/b/c.txt",
      "/data/inputs/d.txt",
      "/data/inputs/e.txt",
    ]);
    expect(mounts).toEqual([
      { hostPath: "/data/config/0", containerPath: "/etc/app.conf" },
      { hostPath: "/data/config/1", containerPath: "/opt/a:b/c" },
    ]);
  });

  test("what flows in wins over a config file of the same name", () => {
    const input: DataRef = { type: "utf8", value: "input" };
    const { files } = planOf({ image: "a", inputs: { "a.txt": input }, configFiles: { "a.txt": value } }, anywhere);
    expect(files.map(({ ref }) => ref)).toEqual([input]);
  });

  const names = ["../x", "a/../../x", "a/..", ".", "a//b", "", "a\0b", "a\nb", `${"x".repeat(256)}`, "/../x", "//"];
  test.each(names)("the input name %j is refused", (name) => {
    expect(() => planOf({ image: "a", inputs: { [name]: value } }, anywhere)).toThrow(/input name/);
  });
  const configNames = ["../x", "/etc/../../x", "/inputs/../x", "/outputs/x", "/job-cache/x", "/"];
  test.each(configNames)("the config file name %j is refused", (name) => {
    expect(() => planOf({ image: "a", configFiles: { [name]: value } }, anywhere)).toThrow(/name|writes/);
  });
});

describe("inputs on disk", () => {
  let root = "";
  let tools: InputTools;
  let folders: InputFolders;
  const signal = AbortSignal.timeout(20_000);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "longshore-inputs-"));
    const path = join(root, "job");
    folders = { inputs: join(path, "inputs"), config: join(path, "config") };
    const others = { outputs: join(path, "outputs"), log: join(path, "log"), jobCache: join(path, "job-cache") };
    await makeJobFolder({ path, ...others, ...folders });
    const api = "http://127.0.0.1:1";
    const guard = { allowRanges: [] };
    tools = {
      api,
      cache: await ContentCache.open(join(root, "cache"), () => crypto.randomUUID()),
      sources: new Sources({ api, origins: [], guard, random: () => 0 }),
      watch: { tell: () => {}, now: () => 0 },
    };
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  const prepare = (inputs: Record<string, DataRef>) => prepareInputs({ image: "a", inputs }, folders, tools, signal);

  test("every kind of value becomes its bytes, and everyone may read it", async () => {
    await prepare({
      "utf8.txt": { type: "utf8", value: "grün" },
      "none.txt": { value: "plain" },
      "deep/base64.bin": { type: "base64", value: "AAH_" },
      "json.json": { type: "json", value: { a: [1, null] } },
      "null.json": { type: "json", value: null },
    });
    const text = (name: string) => readFile(join(folders.inputs, name), "utf8");
    expect(await text("utf8.txt")).toBe("grün");
    expect(await text("none.txt")).toBe("plain");
    expect(await readFile(join(folders.inputs, "deep/base64.bin"))).toEqual(Buffer.from([0, 1, 255]));
    expect(await text("json.json")).toBe('{"a":[1,null]}');
    expect(await text("null.json")).toBe("null");
    expect((await stat(join(folders.inputs, "utf8.txt"))).mode & 0o777).toBe(0o444);
    expect((await stat(join(folders.inputs, "deep"))).mode & 0o777).toBe(0o755);
  });

  test("a value that has not the hash it promises fails with a sentence that names the input", async () => {
    const ref: DataRef = { type: "utf8", value: "x", hash: own.sha256("0".repeat(64)) };
    await expect(prepare({ "a.txt": ref })).rejects.toThrow(/The input "a.txt" could not be had\. .*SHA-256/);
  });

  test.each<readonly [string, Record<string, DataRef>, RegExp]>([
    ["bad base64", { a: { type: "base64", value: "%%%" } }, /"a" .*not base64/],
    ["a file and a folder of one name", { a: value, "a/b": value }, /file in one place and a folder in another/],
    [
      "an address inside",
      { a: { type: "url", value: "http://169.254.169.254/latest/" } },
      /not on the public internet/,
    ],
    ["no URL", { a: { type: "url", value: "nonsense" } }, /is not a URL/],
    ["a local file", { a: { type: "url", value: "file:///etc/passwd" } }, /neither http nor https/],
    ["an API that is away", { a: { type: "key", value: "x" } }, /127\.0\.0\.1:1\/f\/x could not be read/],
  ])("%s fails with a sentence", async (_why, inputs, says) => {
    await expect(prepare(inputs)).rejects.toThrow(says);
  });

  test("of a download, people hear how much has come of how much", async () => {
    const notes: ProgressNote[] = [];
    const chunk = Buffer.alloc(50_000);
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-length": 4 * chunk.length });
      response.end(Buffer.concat([chunk, chunk, chunk, chunk]));
    });
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    let now = 0;
    const watch = { tell: (note: ProgressNote) => notes.push(note), now: () => (now += progressEveryMs) };
    const sources = new Sources({
      api: tools.api,
      origins: [],
      guard: { allowRanges: ["127.0.0.0/8"] },
      random: () => 0,
    });
    tools = { ...tools, sources, watch };
    await prepare({ a: { type: "url", value: `http://127.0.0.1:${address.port}/a` } });
    const amounts = notes.map(({ amount }) => amount);
    expect(new Set(amounts.map((amount) => amount?.total))).toEqual(new Set([200_000]));
    expect(amounts.length).toBeGreaterThan(1);
    expect(amounts.at(-1)?.done).toBe(200_000);
    expect(amounts[0]?.done).toBeLessThan(200_000);
  });

  test("content in the cache is linked, not copied, and not fetched again", async () => {
    const bytes = Buffer.from("content of a blob");
    const content = await tools.cache.add(Readable.from([bytes]), { bytesMax: 100, signal });
    expect(content.hash).toBe(createHash("sha256").update(bytes).digest("hex"));
    await prepare({ "a.txt": { type: "key", value: content.hash }, "b.txt": { type: "key", value: content.hash } });
    const [a, b] = await Promise.all(["a.txt", "b.txt"].map((name) => stat(join(folders.inputs, name))));
    expect(a?.ino).toBe(b?.ino);
    expect(a?.nlink).toBe(3);
  });

  test("content of another hash, or too much of it, is not kept", async () => {
    const add = (options: { bytesMax: number; expected?: ReturnType<typeof own.sha256> }) =>
      tools.cache.add(Readable.from([Buffer.from("content")]), { ...options, signal });
    await expect(add({ bytesMax: 3 })).rejects.toThrow(/larger than 3 bytes/);
    await expect(add({ bytesMax: 100, expected: own.sha256("0".repeat(64)) })).rejects.toThrow(/as promised/);
    expect(await readdir(join(root, "cache"))).toEqual(["partial"]);
    expect(await readdir(join(root, "cache", "partial"))).toEqual([]);
  });
});
