// What the shell scripts ask of the Docker engine, over its API: an engine may be there without the docker command.
//   ping                    does an engine answer?
//   lacking <image>...      prints those that the engine doesn't have
//   pull <from> <image>     fetches <from> from its registry and names it <image>
//   make <image> <tar> <command> <change>...
//                           makes <image> of a root file system, once <command> has run in it without error
import { createReadStream } from "node:fs";
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// dockerode takes longer to load without it, and this runs several times at each start. The default place would be a
// folder in /tmp that anybody can have made.
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/node", import.meta.url)));
const { default: Docker } = await import("dockerode");

/** For a question that an engine answers from memory. */
const answerMs = 5_000;
/** A registry within reach answers in a second or two; a network that swallows packets must not hold up a start. */
const registryAnswersMs = 10_000;
/** The longest silence in the middle of a pull. */
const pullSilenceMs = 60_000;
/** For the command that checks and completes a new image, a matter of seconds. */
const commandMs = 180_000;

const docker = new Docker();
const prompt = new Docker({ timeout: answerMs });

async function lacking(images: readonly string[]): Promise<void> {
  for (const image of images) {
    try {
      await prompt.getImage(image).inspect();
    } catch (error) {
      if (!isNotFound(error)) throw error;
      console.log(image);
    }
  }
}

async function pull(from: string, image: string): Promise<void> {
  const stop = new AbortController();
  let silence = setTimeout(() => stop.abort(), registryAnswersMs);
  try {
    const progress = await docker.pull(from, { abortSignal: stop.signal });
    clearTimeout(silence);
    silence = setTimeout(() => stop.abort(), pullSilenceMs);
    await lastStatus(progress, () => silence.refresh());
    await docker.getImage(from).tag(nameAndTag(image));
  } finally {
    clearTimeout(silence);
  }
}

async function make(image: string, tar: string, command: string, changes: readonly string[]): Promise<void> {
  // It gets its name last, so that an image with the name is always a whole one, whoever else makes the same.
  const imported = await lastStatus(await docker.importImage(createReadStream(tar)));
  const container = await docker.createContainer({
    Image: imported,
    Cmd: ["/bin/sh", "-c", command],
    HostConfig: { NetworkMode: "none" },
  });
  try {
    const output = await container.attach({ stream: true, stdout: true, stderr: true });
    container.modem.demuxStream(output, process.stderr, process.stderr);
    await container.start();
    const end = await container.wait({ abortSignal: AbortSignal.timeout(commandMs) });
    if (end.StatusCode !== 0) throw new Error(`the new ${image} doesn't work: exit code ${end.StatusCode}`);
    await container.commit({ ...nameAndTag(image), changes });
    await container.remove({ force: true });
  } catch (error) {
    await container.remove({ force: true });
    await docker.getImage(imported).remove({ force: true });
    throw error;
  }
}

/** Reads the engine's progress, one JSON object a line, to its end; an error in it is thrown. */
async function lastStatus(progress: NodeJS.ReadableStream, onProgress = () => {}): Promise<string> {
  let status = "";
  let rest = "";
  progress.setEncoding("utf8");
  for await (const text of progress) {
    onProgress();
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.trim() === "") continue;
      const event: unknown = JSON.parse(line);
      if (typeof event !== "object" || event === null) continue;
      if ("error" in event) throw new Error(String(event.error));
      if ("status" in event) status = String(event.status);
    }
  }
  return status;
}

function nameAndTag(image: string): { repo: string; tag: string } {
  const colon = image.lastIndexOf(":");
  return { repo: image.slice(0, colon), tag: image.slice(colon + 1) };
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "statusCode" in error && error.statusCode === 404;
}

async function main([verb, first = "", second = "", third = "", ...rest]: readonly string[]): Promise<void> {
  switch (verb) {
    case "ping":
      await prompt.ping();
      return;
    case "lacking":
      return lacking([first, second, third, ...rest].filter((image) => image !== ""));
    case "pull":
      return pull(first, second);
    case "make":
      return make(first, second, third, rest);
    default:
      throw new Error(`engine.ts doesn't know "${verb}"`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
