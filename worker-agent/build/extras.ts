// Files that a build gets besides its context, as an image that it copies from: in the context itself `COPY .` would take
// them along.

import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import tar from "tar-stream";
import type { Engine } from "../docker/engine.ts";
import { JobFault } from "../fault.ts";
import type { Sources } from "../files/sources.ts";
import { buildLabels, builtRepository } from "../images/builtName.ts";
import { engineCallMs } from "../limits.ts";
import { within } from "../retry.ts";
import { packEntry } from "./context.ts";
import type { Extra } from "./copies.ts";
import { downloadBytesMax } from "./limits.ts";
import { certificatesPath } from "./plan.ts";
import type { Tree } from "./tree.ts";

/** What their tags begin with. */
export const extrasTag = "extras-";

export interface ExtrasOptions {
  readonly engine: Engine;
  readonly sources: Sources;
  /** What the build sees. */
  readonly context: Tree;
  /** A folder of this build's own. */
  readonly folder: string;
  readonly repository: string;
  readonly tag: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A file. */
  readonly certificates: string | undefined;
}

/** The image's id. Undefined when there is nothing to be in it. */
export async function importExtras(
  files: readonly Extra[],
  { engine, sources, context, folder, repository, tag, labels, certificates }: ExtrasOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (files.length === 0 && certificates === undefined) return undefined;
  const path = join(folder, "extras.tar");
  const pack = tar.pack();
  const written = pipeline(pack, createWriteStream(path, { flags: "wx", mode: 0o600 }), { signal });
  written.catch(() => {});
  try {
    if (certificates !== undefined) {
      const copy = join(folder, "certificates");
      await copyFile(certificates, copy);
      await addFile(pack, certificatesPath, copy, 0o644);
    }
    for (const [index, { path: name, mode, from }] of files.entries()) {
      if ("text" in from) {
        pack.entry({ name, mode: mode ?? 0o644 }, from.text);
      } else if ("context" in from) {
        await addPart(pack, name, mode, from.context, context, signal);
      } else {
        const download = join(folder, `download-${index}`);
        await sources.read(from.url, signal, (body) =>
          pipeline(body, limited(from.url), createWriteStream(download), { signal }),
        );
        // As the builder itself makes them.
        await addFile(pack, name, download, mode ?? 0o600);
      }
    }
    pack.finalize();
    await written;
  } catch (error) {
    pack.destroy();
    throw error;
  }
  await engine.images.import(repository, tag, createReadStream(path), { signal, labels });
  return (await engine.images.find(`${repository}:${tag}`, signal))?.id;
}

async function addPart(
  pack: tar.Pack,
  folder: string,
  mode: number | undefined,
  part: string,
  context: Tree,
  signal: AbortSignal,
): Promise<void> {
  await context(async (entry, content) => {
    const inside = part === "" || entry.path === part || entry.path.startsWith(`${part}/`);
    if (!inside) return;
    const target = entry.kind === "hardlink" ? `${folder}/${entry.target}` : entry.target;
    await packEntry(pack, { ...entry, path: `${folder}/${entry.path}`, mode: mode ?? entry.mode, target }, content);
  }, signal);
}

async function addFile(pack: tar.Pack, name: string, path: string, mode: number): Promise<void> {
  const { size } = await stat(path);
  await pipeline(createReadStream(path), pack.entry({ name, mode, size, mtime: new Date(0) }));
}

function limited(url: string) {
  return async function* (chunks: AsyncIterable<Buffer>) {
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > downloadBytesMax)
        throw new JobFault(`${JSON.stringify(url.slice(0, 200))} is larger than ${downloadBytesMax} bytes.`);
      yield chunk;
    }
  };
}

/** Those of builds that an earlier process of this agent did not end. */
export async function removeExtras(engine: Engine, agent: string): Promise<void> {
  const filters = { reference: [`${builtRepository}:${extrasTag}*`], label: [`${buildLabels.agent}=${agent}`] };
  for (const { names } of await engine.images.list(filters, within(engineCallMs)))
    for (const name of names) await engine.images.remove(name);
}
