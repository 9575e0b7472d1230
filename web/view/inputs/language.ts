// The language of a file by its name, each loaded when a file of it is opened.

import type { StreamParser } from "@codemirror/language";

type Mode = StreamParser<unknown>;

const modes: Readonly<Record<string, () => Promise<Mode>>> = {
  py: async () => (await import("@codemirror/legacy-modes/mode/python")).python,
  sh: async () => (await import("@codemirror/legacy-modes/mode/shell")).shell,
  r: async () => (await import("@codemirror/legacy-modes/mode/r")).r,
  js: async () => (await import("@codemirror/legacy-modes/mode/javascript")).javascript,
  ts: async () => (await import("@codemirror/legacy-modes/mode/javascript")).typescript,
  json: async () => (await import("@codemirror/legacy-modes/mode/javascript")).json,
  yaml: async () => (await import("@codemirror/legacy-modes/mode/yaml")).yaml,
  toml: async () => (await import("@codemirror/legacy-modes/mode/toml")).toml,
  dockerfile: async () => (await import("@codemirror/legacy-modes/mode/dockerfile")).dockerFile,
  jl: async () => (await import("@codemirror/legacy-modes/mode/julia")).julia,
  lua: async () => (await import("@codemirror/legacy-modes/mode/lua")).lua,
  rb: async () => (await import("@codemirror/legacy-modes/mode/ruby")).ruby,
  sql: async () => (await import("@codemirror/legacy-modes/mode/sql")).standardSQL,
};
const aliases: Readonly<Record<string, string>> = { bash: "sh", mjs: "js", yml: "yaml", geojson: "json", env: "sh" };

export async function languageOf(name: string): Promise<Mode | undefined> {
  const file = name.slice(name.lastIndexOf("/") + 1).toLowerCase();
  const extension = file.includes(".") ? file.slice(file.lastIndexOf(".") + 1) : file;
  return modes[aliases[extension] ?? extension]?.();
}
