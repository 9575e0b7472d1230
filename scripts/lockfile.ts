// Checks package-lock.json for what makes `npm ci` fail, or do something else, on another machine: an optional package
// without an entry (npm omits those that its registry didn't have when the file was written), an address that only some
// machines reach (.npmrc leaves them out, so each asks its own registry), and a package without a checksum.
import { readFileSync } from "node:fs";
import * as v from "valibot";

const Entry = v.object({
  resolved: v.optional(v.string()),
  integrity: v.optional(v.string()),
  inBundle: v.optional(v.boolean()),
  optionalDependencies: v.optional(v.record(v.string(), v.string())),
});
const Lockfile = v.object({ lockfileVersion: v.literal(3), packages: v.record(v.string(), Entry) });
type Entries = v.InferOutput<typeof Lockfile>["packages"];

function problems(entries: Entries): string[] {
  return Object.entries(entries).flatMap(([path, entry]) => [
    ...Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !isThere(entries, path, name))
      .map((name) => `${path || "the project"} may need ${name}, which has no entry: npm ci will refuse the file`),
    ...(entry.resolved === undefined ? [] : [`${path} names an address: npm install again, with this folder's .npmrc`]),
    ...(path === "" || entry.inBundle || entry.integrity ? [] : [`${path} has no checksum`]),
  ]);
}

/** As Node finds a package: in the node_modules of the one that wants it, then in those of the folders around it. */
function isThere(entries: Entries, path: string, name: string): boolean {
  for (let folder = path; ; ) {
    if (entries[`${folder}${folder && "/"}node_modules/${name}`]) return true;
    if (folder === "") return false;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")));
  }
}

const file = new URL("../package-lock.json", import.meta.url);
const found = problems(v.parse(Lockfile, JSON.parse(readFileSync(file, "utf8"))).packages);
for (const problem of found) console.error(`package-lock.json: ${problem}`);
if (found.length > 0) process.exitCode = 1;
