import { parse } from "shell-quote";
import { expect, test } from "vitest";
import { checkDefinition } from "../../wire/definition.ts";
import { resolveQueue } from "../url/target.ts";
import { curlOf, dockerRunOf, iframeOf, javascriptOf, metapageOf, pythonOf, type SharedJob } from "./shareTexts.ts";

function shared(raw: Readonly<Record<string, unknown>>): SharedJob {
  const check = checkDefinition(raw);
  const target = resolveQueue("https://api.example.org/my queue", "https://example.org");
  if (!check.ok || target.kind !== "target") throw new Error("the test's job is no job");
  return { raw, ...check.value, target: target.target };
}

/** The words of a command as a shell splits them. */
function words(command: string): readonly unknown[] {
  return parse(command.replaceAll(" \\\n  ", " "), { PWD: "/here" });
}

/** What `docker` gets; the lines above it, which make files, are left out. */
function dockerWords(raw: Readonly<Record<string, unknown>>): readonly unknown[] {
  const text = dockerRunOf(shared(raw));
  return words(text.slice(text.lastIndexOf("docker run"))).slice(1);
}

const mounts = ["run", "--rm", "-v", "/here/inputs:/inputs:ro", "-v", "/here/outputs:/outputs"];

test.each([
  ["an image alone", { image: "a:1" }, ["a:1"]],
  ["plain words", { image: "a", command: "echo 'two words' x" }, ["a", "echo", "two words", "x"]],
  ["what needs a shell", { image: "a", command: "echo a | wc" }, ["a", "/bin/sh", "-c", "echo a | wc"]],
  ["words as they are", { image: "a", command: ["sh", "-c", "echo $HOME; 'x'"] }, ["a", "sh", "-c", "echo $HOME; 'x'"]],
  [
    "an entrypoint of two words",
    { image: "a", entrypoint: ["b", "c"], command: "d" },
    ["--entrypoint", "b", "a", "c", "d"],
  ],
  [
    "a shell that takes one text",
    { image: "a", entrypoint: "sh -c", command: "x | y" },
    ["--entrypoint", "sh", "a", "-c", "x | y"],
  ],
  ["environment", { image: "a", env: { A: "1 $(x) '\n", B: 2 } }, ["-e", "A=1 $(x) '\n", "-e", "B=2", "a"]],
  [
    "limits",
    { image: "a", workdir: "/w", shmSize: "1g", requirements: { cpus: 2, gpus: 1, memory: "4g" } },
    ["--workdir", "/w", "--shm-size", "1g", "--cpus", "2", "--memory", "4g", "--gpus", "1", "a"],
  ],
  [
    "a placed config file",
    { image: "a", configFiles: { "/etc/it's.conf": { value: "x" } } },
    ["-v", "/here/config/etc/it's.conf:/etc/it's.conf:ro", "a"],
  ],
] as const)("docker run with %s", (_what, raw, words) => {
  expect(dockerWords(raw)).toEqual([...mounts, ...words]);
});

test("an input stands in its text when short, and is fetched when it is elsewhere or long", () => {
  const inputs = {
    "a b.txt": { type: "utf8", value: "it's" },
    "sub/raw.bin": { type: "base64", value: "AAE=" },
    "far.csv": { type: "url", value: "https://example.org/far.csv?a=1&b=2" },
    "key.dat": { type: "key", value: "k1" },
    "long.txt": { type: "utf8", value: "x".repeat(5_000) },
  };
  const job = shared({ image: "a", inputs });
  expect(dockerRunOf(job).split("\n")).toEqual(
    expect.arrayContaining([
      `printf %s 'it'\\''s' > 'inputs/a b.txt'`,
      "mkdir -p inputs/sub",
      "printf %s AAE= | base64 -d > inputs/sub/raw.bin",
      "curl -fsSL -o inputs/far.csv 'https://example.org/far.csv?a=1&b=2'",
      "curl -fsSL -o inputs/key.dat https://api.example.org/f/key1".replace("key1", "k1"),
      `curl -fsSL -o inputs/long.txt https://api.example.org/q/my%20queue/j/${job.id}/inputs/long.txt`,
    ]),
  );
});

test.each([
  [{ context: "https://github.com/o/r" }, "docker build -t longshore-job https://github.com/o/r.git"],
  [
    { context: "https://github.com/o/r/tree/main/sub/dir", target: "t" },
    "docker build -t longshore-job --target t 'https://github.com/o/r.git#main:sub/dir'",
  ],
  [
    { dockerfile: "FROM a\nRUN b", buildArgs: ["A=1 2"] },
    "printf %s 'FROM a\nRUN b' | docker build -t longshore-job --build-arg 'A=1 2' -",
  ],
])("a build %j", (build, line) => {
  expect(dockerRunOf(shared({ build }))).toContain(line);
});

test("a Python text has the definition as Python writes it", () => {
  const text = pythonOf(shared({ image: `it's "quoted"\\`, env: { A: true }, command: ["x", "\u2028"], tags: [] }));
  expect(text).toContain(`"image": "it's \\"quoted\\"\\\\",`);
  expect(text).toContain(`"A": True,`);
  expect(text).toContain(`"tags": [],`);
});

test("nothing in a definition leaves its quotes", () => {
  const nasty = `'"\`$(touch /tmp/x)\${x}</script>\\`;
  const job = shared({ image: nasty, command: [nasty], env: { A: nasty } });
  expect(dockerWords(job.raw)).toEqual([...mounts, "-e", `A=${nasty}`, nasty, nasty]);
  const [command = ""] = curlOf(job).split("\n#");
  expect(JSON.parse(String(words(command).at(-1)))).toEqual({ definition: job.raw });
  const [, literal] = /const definition = (\{[\s\S]*?\n\});/.exec(javascriptOf(job)) ?? [];
  expect(JSON.parse(literal ?? "")).toEqual(job.raw);
});

test("a frame and a metapage hold the address as it is", () => {
  const url = `https://example.org/#?a="b"&c=<d>`;
  expect(iframeOf(url)).toContain(`src="https://example.org/#?a=&quot;b&quot;&amp;c=&lt;d>"`);
  expect(JSON.parse(metapageOf(url))).toEqual({ version: "2", metaframes: { job: { url } } });
});
