// The built page from a folder. Its files are listed once at start: no request can name anything else.

import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, sep } from "node:path";

export function pageFiles(folder: string): (path: string) => Promise<Response | undefined> {
  const files = new Map<string, string>();
  for (const entry of listing(folder)) files.set(`/${entry.split(sep).join("/")}`, join(folder, entry));
  return async (path) => {
    const file = files.get(path);
    return file === undefined ? undefined : new Response(await readFile(file));
  };
}

function listing(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  } catch (error) {
    // A server without a built page still serves its API.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
