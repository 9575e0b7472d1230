// The context that the engine gets: what a tree has of it, without what its ignore file names, under our Dockerfile.

import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import tar from "tar-stream";
import { JobFault } from "../fault.ts";
import { ignoring } from "./ignore.ts";
import { linksMax, recipeBytesMax, recipesMax, shownNamesMax } from "./limits.ts";
import { bytesOf, safePath, type Tree, type TreeEntry } from "./tree.ts";

/** Where a definition says that the Dockerfile and its files are. */
export interface Wanted {
  /** The Dockerfile's text, if the definition has it. */
  readonly dockerfile: string | undefined;
  /** Below the root of the source. */
  readonly filename: string | undefined;
  /** The folder that the build sees. */
  readonly buildContext: string | undefined;
  /** What the source is called in sentences. */
  readonly source: string;
}

export interface Recipe {
  readonly dockerfile: string;
  /** The folder of the tree that the build sees; "" or one that ends in a slash. */
  readonly prefix: string;
  readonly ignore: string;
}

/** The name of our Dockerfile in the context; builds don't see it. */
export const recipeName = ".longshore.Dockerfile";
const ignoreName = ".dockerignore";

/** Looks through the tree once. `hoist`: an archive's only top folder is its root. */
export async function recipeIn(tree: Tree, hoist: boolean, wanted: Wanted, signal: AbortSignal): Promise<Recipe> {
  const texts = new Map<string, string>();
  const links = new Map<string, string>();
  const tops = new Map<string, boolean>();
  await tree(async (entry, content) => {
    const [top = ""] = entry.path.split("/");
    tops.set(top, (tops.get(top) ?? false) || entry.path !== top || entry.kind === "folder");
    if (!isRecipe(entry.path, wanted.filename)) return;
    if (entry.kind === "link") links.set(entry.path, entry.target);
    if (entry.kind !== "file" || texts.size >= recipesMax) return;
    if (entry.size <= recipeBytesMax) texts.set(entry.path, await textOf(content));
  }, signal);
  const [only] = [...tops];
  const root = hoist && tops.size === 1 && only?.[1] ? `${only[0]}/` : "";
  const folder = pathOf(wanted.buildContext, "buildContext");
  const prefix = folder === "" ? root : `${root}${folder}/`;
  const read = (path: string) => texts.get(followed(path, links));
  const candidates = candidatesOf(wanted, folder);
  const place = candidates.find((path) => read(`${root}${path}`) !== undefined);
  const dockerfile = wanted.dockerfile ?? (place === undefined ? undefined : read(`${root}${place}`));
  if (dockerfile === undefined) throw new JobFault(lacking(wanted, candidates, [...texts.keys()], root));
  const own = place === undefined ? undefined : read(`${root}${place}.dockerignore`);
  return { dockerfile, prefix, ignore: own ?? read(`${prefix}${ignoreName}`) ?? "" };
}

/** What the build sees of a tree, by the names that it sees. */
export function contextOf(tree: Tree, { prefix, ignore }: Recipe): Tree {
  const leaves = ignoring(ignore);
  return (visit, signal) =>
    tree(async (entry, content) => {
      const path = entry.path.slice(prefix.length);
      if (!entry.path.startsWith(prefix) || path === "" || leaves(path)) return;
      if (entry.kind !== "hardlink") return await visit({ ...entry, path }, content);
      // What it is a name of may not be there.
      if (entry.target.startsWith(prefix))
        await visit({ ...entry, path, target: entry.target.slice(prefix.length) }, content);
    }, signal);
}

/** Writes the context to a file. `@returns` how many files of the tree are in it. */
export async function writeContext(
  files: Tree,
  dockerfile: string,
  path: string,
  signal: AbortSignal,
): Promise<number> {
  const pack = tar.pack();
  const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
  const written = pipeline(pack, file, { signal });
  written.catch(() => {});
  let ownIgnore = "";
  let count = 0;
  try {
    await files(async (entry, content) => {
      if (entry.kind !== "folder") count += 1;
      if (entry.path === ignoreName && entry.kind === "file") ownIgnore = await textOf(content);
      else await packEntry(pack, entry, content);
    }, signal);
    // The engine takes these two out of what builds see where the second one names them.
    pack.entry({ name: recipeName }, dockerfile);
    pack.entry({ name: ignoreName }, `${ownIgnore === "" ? `${ignoreName}\n` : `${ownIgnore}\n`}${recipeName}\n`);
    pack.finalize();
    await written;
    return count;
  } catch (error) {
    pack.destroy();
    file.destroy();
    await finished(file).catch(() => {});
    throw error;
  }
}

/** Puts an entry of a tree into another archive. */
export async function packEntry(pack: tar.Pack, entry: TreeEntry, content: Readable): Promise<void> {
  const { path: name, kind, mode, size, modified: mtime, target: linkname } = entry;
  if (kind === "file") await pipeline(content, pack.entry({ name, mode, mtime, size }));
  else if (kind === "folder") pack.entry({ name, mode, mtime, type: "directory" });
  else pack.entry({ name, mode, mtime, linkname, type: kind === "link" ? "symlink" : "link" });
}

function isRecipe(path: string, filename: string | undefined): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const asked = filename?.slice(filename.lastIndexOf("/") + 1);
  return /dockerfile/i.test(name) || name.endsWith(ignoreName) || name === asked;
}

function candidatesOf({ filename }: Wanted, folder: string): readonly string[] {
  const inFolder = (name: string) => (folder === "" ? name : `${folder}/${name}`);
  if (filename === undefined || filename === "") return [inFolder("Dockerfile")];
  const path = pathOf(filename, "filename");
  return [...new Set([path, inFolder(path)])];
}

function pathOf(text: string | undefined, field: string): string {
  try {
    return safePath(text ?? "");
  } catch (cause) {
    throw new JobFault(
      `The build's \`${field}\` is ${JSON.stringify(text)}: it is a path below the root of the context.`,
      { cause },
    );
  }
}

function lacking({ source }: Wanted, candidates: readonly string[], found: readonly string[], root: string): string {
  const others = found
    .filter((path) => /dockerfile[^/]*$/i.test(path) && !path.endsWith(ignoreName))
    .map((path) => path.slice(root.length));
  const there = others.length > 0 ? ` There is ${others.slice(0, shownNamesMax).join(", ")}.` : "";
  return `There is no ${candidates.join(" or ")} in ${source}.${there} Say where it is with the build's \`filename\`, or give its text as \`dockerfile\`.`;
}

function followed(path: string, links: ReadonlyMap<string, string>): string {
  let at = path;
  for (let steps = 0; steps < linksMax; steps += 1) {
    const target = links.get(at);
    if (target === undefined) return at;
    const segments = [...at.split("/").slice(0, -1), ...target.split("/")];
    const out: string[] = [];
    for (const segment of segments) {
      if (segment === "..") out.pop();
      else if (segment !== "" && segment !== ".") out.push(segment);
    }
    at = out.join("/");
  }
  return at;
}

async function textOf(content: Readable): Promise<string> {
  return (await bytesOf(content)).toString("utf8");
}
