// The same job in other words: as `docker run`, as calls of the API, as part of another page. Pure. What stands in a
// definition comes from strangers, so every word is quoted for the language that it lands in.

import { quote as shellQuote, parse as shellWords } from "shell-quote";
import type { Build, JobDefinition } from "../../wire/definition.ts";
import { paths } from "../../wire/http.ts";
import type { JobId } from "../../wire/ids.ts";
import { inputPath } from "../../wire/paths.ts";
import { frameAllow } from "../frame/allow.ts";
import { sharedValueCharsMax } from "../limits.ts";
import type { JsonObject } from "../url/codec.ts";
import type { QueueTarget } from "../url/target.ts";
import { shellWord } from "./definition.ts";

/** What is submitted, its name, and where. */
export interface SharedJob {
  readonly id: JobId;
  readonly raw: JsonObject;
  readonly definition: JobDefinition;
  readonly target: QueueTarget;
}

export function iframeOf(url: string): string {
  const escaped = url.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return `<iframe src="${escaped}" width="600" height="400" style="border: 0" allow="${frameAllow}"></iframe>`;
}

/** A metapage of this one frame, to add others to. */
export function metapageOf(url: string): string {
  return JSON.stringify({ version: "2", metaframes: { job: { url } } }, null, 2);
}

export function curlOf({ id, raw, target }: SharedJob): string {
  const at = (path: string) => shellWord(target.api + path);
  const body = shellWord(JSON.stringify({ definition: raw }));
  return [
    `curl -fsS ${at(paths.queue(target.queue))} -H 'content-type: application/json' -d ${body}`,
    "# What it prints, until it ends:",
    `curl -fsSN ${at(paths.stream(target.queue, id))}`,
    "# Its exit code and the files it wrote:",
    `curl -fsS ${at(paths.result(target.queue, id))}`,
  ].join("\n");
}

export function pythonOf({ raw, target }: SharedJob): string {
  return `import json, time, urllib.parse, urllib.request

QUEUE = ${JSON.stringify(target.api + paths.queue(target.queue))}
DEFINITION = ${pythonLiteral(raw)}

def call(path="", body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(QUEUE + path, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return answer.read()

job = json.loads(call(body={"definition": DEFINITION}))["jobId"]
while not (done := json.loads(call(f"/j/{job}/result.json"))["data"]):
    time.sleep(0.5)
result = done["finished"].get("result")
print(done["finished"]["reason"], result and result.get("StatusCode"))
for name in (result or {}).get("outputs", {}):
    content = call(f"/j/{job}/outputs/" + urllib.parse.quote(name))
    print(name, len(content), "bytes")`;
}

export function javascriptOf({ raw, target }: SharedJob): string {
  return `const queue = ${JSON.stringify(target.api + paths.queue(target.queue))};
const definition = ${JSON.stringify(raw, null, 2)};

const submitted = await fetch(queue, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ definition }),
});
const { jobId, error } = await submitted.json();
if (error) throw new Error(error);
let done;
while (!done) {
  done = (await (await fetch(\`\${queue}/j/\${jobId}/result.json\`)).json()).data;
  if (!done) await new Promise((resolve) => setTimeout(resolve, 500));
}
const { reason, result } = done.finished;
console.log(reason, result?.StatusCode);
for (const name of Object.keys(result?.outputs ?? {})) {
  const path = name.split("/").map(encodeURIComponent).join("/");
  const output = await fetch(\`\${queue}/j/\${jobId}/outputs/\${path}\`);
  console.log(name, (await output.arrayBuffer()).byteLength, "bytes");
}`;
}

/** For a POSIX shell: the inputs as files, the image, and the container with the same mounts and settings. */
export function dockerRunOf({ id, definition, target }: SharedJob): string {
  const { build, workdir, shmSize, requirements } = definition;
  const mounts: string[] = [];
  const lines = ["mkdir -p inputs outputs && chmod 777 outputs"];
  for (const [name, ref] of Object.entries({ ...definition.inputs, ...definition.configFiles })) {
    const isPlaced = name in (definition.configFiles ?? {}) && name.startsWith("/");
    const path = `${isPlaced ? "config" : "inputs"}/${inputPath(name)}`;
    if (path.lastIndexOf("/") > path.indexOf("/") || isPlaced)
      lines.push(`mkdir -p ${shellWord(path.slice(0, path.lastIndexOf("/")))}`);
    lines.push(fileLine(path, ref, target, paths.input(target.queue, id, inputPath(name)), isPlaced));
    if (isPlaced) mounts.push(`-v "$PWD"/${shellWord(`${path}:${name}:ro`)}`);
  }
  if (build) lines.push(buildLine(build));
  const { entrypoint, args } = argvOf(definition);
  const option = (flag: string, value: string | number | undefined) =>
    value === undefined ? [] : [`${flag} ${shellWord(String(value))}`];
  const words = [
    "docker run --rm",
    `-v "$PWD"/inputs:/inputs:ro`,
    `-v "$PWD"/outputs:/outputs`,
    ...mounts,
    ...Object.entries(definition.env ?? {}).map(([name, value]) => `-e ${shellWord(`${name}=${value}`)}`),
    ...option("--workdir", workdir),
    ...option("--shm-size", shmSize),
    ...option("--cpus", requirements?.cpus),
    ...option("--memory", requirements?.memory),
    ...option("--gpus", requirements?.gpus || undefined),
    ...option("--entrypoint", entrypoint),
    [build ? builtName : shellWord(definition.image ?? ""), ...args.map(shellWord)].join(" "),
  ];
  return [...lines, words.join(" \\\n  ")].join("\n");
}

const builtName = "longshore-job";

function fileLine(
  path: string,
  { type, value }: { readonly type?: string | null | undefined; readonly value?: unknown },
  { api }: QueueTarget,
  route: string,
  isPlaced: boolean,
): string {
  const file = shellWord(path);
  const fetched = (url: string) => `curl -fsSL -o ${file} ${shellWord(url)}`;
  const text = type === "json" ? JSON.stringify(value) : String(value);
  if (type === "url") return fetched(text);
  if (type === "key") return fetched(api + paths.blob(text));
  // Config files have no address of their own, so they stand here whatever their length.
  if (text.length > sharedValueCharsMax && !isPlaced) return fetched(api + route);
  return type === "base64"
    ? `printf %s ${shellWord(text)} | base64 -d > ${file}`
    : `printf %s ${shellWord(text)} > ${file}`;
}

function buildLine({ context, filename, target, dockerfile, buildArgs, platform }: Build): string {
  const options = [
    "docker build",
    `-t ${builtName}`,
    ...(buildArgs ?? []).map((arg) => `--build-arg ${shellWord(arg)}`),
    ...(target === undefined ? [] : [`--target ${shellWord(target)}`]),
    ...(platform === undefined ? [] : [`--platform ${shellWord(platform)}`]),
    ...(filename === undefined ? [] : [`-f ${shellWord(filename)}`]),
  ];
  if (dockerfile !== undefined && context === undefined)
    return `printf %s ${shellWord(dockerfile)} | ${[...options, "-"].join(" ")}`;
  if (dockerfile !== undefined)
    return `printf %s ${shellWord(dockerfile)} | ${[...options, "-f -", shellWord(gitContext(context ?? ""))].join(" ")}`;
  return [...options, shellWord(gitContext(context ?? ""))].join(" ");
}

/** A page of GitHub as the context that docker build understands. */
function gitContext(context: string): string {
  const [, repository, ref, folder] =
    /^(https:\/\/github\.com\/[^/]+\/[^/]+?)(?:\.git)?\/(?:tree|commit)\/([^/]+)(?:\/(.+?))?\/?$/.exec(context) ?? [];
  if (repository) return `${repository}.git#${ref}${folder ? `:${folder}` : ""}`;
  const [, whole] = /^(https:\/\/github\.com\/[^/]+\/[^/]+?)(?:\.git)?\/?$/.exec(context) ?? [];
  return whole ? `${whole}.git` : context;
}

/** As an agent reads them: plain words are split; what needs a shell gets one. */
function argvOf({ command, entrypoint, env }: JobDefinition): { entrypoint?: string; args: readonly string[] } {
  const variables = Object.fromEntries(Object.entries(env ?? {}).map(([name, value]) => [name, String(value)]));
  const words = (text: string | readonly string[]) => (typeof text === "string" ? plainWords(text, variables) : text);
  const [first, ...rest] = entrypoint === undefined ? [] : (words(entrypoint) ?? ["/bin/sh", "-c", String(entrypoint)]);
  const head = first === undefined ? {} : { entrypoint: first };
  if (command === undefined || command === "") return { ...head, args: rest };
  const split = words(command);
  if (split) return { ...head, args: [...rest, ...split] };
  if (first === undefined) return { args: ["/bin/sh", "-c", String(command)] };
  if (rest.at(-1) === "-c") return { ...head, args: [...rest, String(command)] };
  return { entrypoint: "/bin/sh", args: ["-c", `${shellQuote([first, ...rest])} ${command}`] };
}

function plainWords(text: string, env: Readonly<Record<string, string>>): readonly string[] | undefined {
  try {
    const words = shellWords(text, env);
    return words.every((word) => typeof word === "string") ? words : undefined;
  } catch {
    // The parser throws on a substitution that it does not know: a shell will say what is wrong with it.
    return undefined;
  }
}

/** JSON's strings and numbers are Python's too. */
function pythonLiteral(value: unknown, indent = ""): string {
  const deeper = `${indent}    `;
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map((part: unknown) => pythonLiteral(part, deeper)).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([key, part]) => `\n${deeper}${JSON.stringify(key)}: ${pythonLiteral(part, deeper)},`,
  );
  return entries.length === 0 ? "{}" : `{${entries.join("")}\n${indent}}`;
}
