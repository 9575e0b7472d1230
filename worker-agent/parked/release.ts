// What a parked container is told when a job comes: its environment and what to execute, as text for the helper's shell. Only
// what a shell passes on exactly is ever parked; everything else takes the ordinary path. Pure.

import type { JobDefinition } from "../../wire/definition.ts";
import type { QueueHash } from "../../wire/ids.ts";
import type { ImageInfo } from "../docker/engineAnswers.ts";
import { argvOf } from "../job/command.ts";
import { releaseBytesMax } from "./limits.ts";

type Env = Readonly<Record<string, string>>;

/** What a container executes, as the engine would find it: `path` is the PATH that it searches, unless it is the engine's own. */
export interface Program {
  readonly argv: readonly [string, ...string[]];
  readonly env: Env;
  readonly path: string | undefined;
}

/** What must be the same for a container to fit: everything that is fixed when it is created, but its image. */
export function parkingKey(queue: QueueHash, definition: JobDefinition): string {
  const { image, build, workdir, shmSize, requirements } = definition;
  return JSON.stringify([queue, image, build, workdir, shmSize, requirements?.cpus, requirements?.memory]);
}

/** Devices and mounts are fixed when a container is created: a definition that names some has nothing to wait for. */
export function canBeParked({ requirements, configFiles }: JobDefinition): boolean {
  const mounted = Object.keys(configFiles ?? {}).some((name) => name.startsWith("/") && !name.startsWith("/inputs/"));
  return !mounted && (requirements?.gpus ?? 0) === 0;
}

/** Undefined for what the helper could not hand on exactly as it is. */
export function programOf(definition: JobDefinition, env: Env, image: ImageInfo): Program | undefined {
  const { entrypoint = [], cmd = [] } = argvOf(definition, env, image.entrypoint);
  // As the engine merges the two: who names an entrypoint gets no command of the image.
  // https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact
  const own = entrypoint.length > 0;
  const rest = cmd.length > 0 || own ? cmd : image.cmd;
  const [name, ...args] = [...(own ? entrypoint : image.entrypoint), ...rest];
  if (name === undefined || name === "" || name.startsWith("-")) return undefined;
  const whole = { ...envOf(image), ...env };
  if (!Object.keys(whole).every(isShellName)) return undefined;
  const program: Program = { argv: [name, ...args], env: whole, path: whole.PATH };
  const script = releaseScript(program);
  return script.includes("\0") || Buffer.byteLength(script) > releaseBytesMax ? undefined : program;
}

/** Whether the engine would find the same program for both. */
export function sameProgram(one: Program, other: Program): boolean {
  return one.argv[0] === other.argv[0] && one.path === other.path;
}

/** What the image sets would be in the helper's own environment: these words take it out. */
export function withoutEnvOf({ env }: ImageInfo): readonly string[] {
  return env.map((entry) => entry.split("=", 1)[0] ?? "").filter((name) => name !== "");
}

/** Its last act, unless it has become the job: the mark says that no job has run. Its name is known to the helper alone. */
export function lastWill(mark: string): string {
  return `trap ': >/outputs/${mark}; exit 1' EXIT\n`;
}

/**
 * The helper's shell becomes the program, without another process. It looks for it where the engine would, and ends if it is
 * not there: the ordinary path then says what is wrong. Names that it was started with and the job does not have are taken out.
 */
export function releaseScript({ argv: [name, ...args], env }: Program): string {
  const exports = Object.entries(env).map(([key, value]) => `export ${key}=${quoted(value)}\n`);
  return `{
set -f -- ${[name, ...args].map(quoted).join(" ")}
unset PWD OLDPWD SHLVL _
${env.PATH === undefined ? "" : `export PATH=${quoted(env.PATH)}`}
longshore_file=
case $1 in
*/*) longshore_file=$1 ;;
*) IFS=:
  for longshore_folder in $PATH; do
    case $longshore_folder in /*) ;; *) break ;; esac
    if [ -f "$longshore_folder/$1" ] && [ -x "$longshore_folder/$1" ]; then longshore_file=$longshore_folder/$1; break; fi
  done ;;
esac
[ -f "$longshore_file" ] && [ -x "$longshore_file" ] || exit
longshore_name=$1
shift
unset IFS
${exports.join("")}exec -a "$longshore_name" "$longshore_file" "$@"
}
`;
}

/** Names that a shell has as variables; it would drop others from its environment. Ours are not for jobs. */
function isShellName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !name.startsWith("longshore_");
}

function envOf({ env }: ImageInfo): Env {
  return Object.fromEntries(
    env.map((entry) => {
      const at = entry.indexOf("=");
      return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
