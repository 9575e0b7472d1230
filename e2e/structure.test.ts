// Imports run one way: web → wire ← edge, worker-agent → wire, e2e → wire. The one exception is worker-agent/local.ts, which
// starts the embedded edge.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { expect, test } from "vitest";
import { project } from "./shells/shell.ts";

const parts = ["wire", "edge", "worker-agent", "web", "e2e"] as const;
const foldersBelowMax = 2;

/** Files of the five parts, as paths from the project's root. */
const files = parts.flatMap((part) =>
  readdirSync(join(project, part), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(project.length).split(sep).join("/")),
);
const sources = files.filter((file) => /\.(ts|tsx|css)$/.test(file));

function importsOf(text: string): string[] {
  const code = text.replace(/^\s*\/\/.*$/gm, "");
  const relative = /(?:\bfrom|\bimport|\brequire|\burl)\s*\(?\s*["'](\.[^"']*)["']/g;
  return [...code.matchAll(relative)].map((match) => match[1] ?? "");
}

/** Why a file may not import another, or undefined. Both are paths from the project's root. */
function faultOf(file: string, imported: string): string | undefined {
  const [from = "", to = ""] = [partOf(file), partOf(imported)];
  if (from === to || (to === "wire" && from !== "")) return undefined;
  if (file === "worker-agent/local.ts" && to === "edge") return undefined;
  return `${file} imports ${imported}`;
}

function partOf(file: string): string {
  const [top = ""] = file.split("/");
  return parts.find((part) => part === top) ?? "";
}

test("imports run one way", () => {
  const faults = sources.flatMap((file) =>
    importsOf(readFileSync(join(project, file), "utf8")).flatMap(
      (specifier) => faultOf(file, normalize(join(dirname(file), specifier))) ?? [],
    ),
  );
  expect(sources.length).toBeGreaterThan(100);
  expect(faults).toEqual([]);
});

test.each([
  ["wire/ids.ts", "edge/limits.ts", false],
  ["edge/app.ts", "wire/ids.ts", true],
  ["edge/app.ts", "worker-agent/agent.ts", false],
  ["web/main.tsx", "edge/limits.ts", false],
  ["worker-agent/agent.ts", "edge/limits.ts", false],
  ["worker-agent/local.ts", "edge/node/server.ts", true],
  ["worker-agent/local.ts", "web/limits.ts", false],
  ["e2e/a.ts", "web/limits.ts", false],
  ["e2e/a.ts", "scripts/engine.ts", false],
])("%s importing %s is allowed: %s", (file, imported, allowed) => {
  expect(faultOf(file, imported) === undefined).toBe(allowed);
});

test("every way of importing is seen", () => {
  const text = `
    import { a } from "./a.ts";
    import type { B } from './b.ts';
    export * from "./c.ts";
    import "./d.css";
    const e = await import("./e.ts");
    // import { f } from "./f.ts";
    import vectors from "./g.json" with { type: "json" };
    import node from "node:fs";
  `;
  expect(importsOf(text)).toEqual(["./a.ts", "./b.ts", "./c.ts", "./d.css", "./e.ts", "./g.json"]);
});

test("no folder is deeper than two below its top-level one", () => {
  const deep = files.filter((file) => file.split("/").length - 2 > foldersBelowMax);
  expect(deep).toEqual([]);
});
