// What a container executes: `command` and `entrypoint` as people write them, turned into argv. Pure.

import { parse, quote } from "shell-quote";
import type { JobDefinition } from "../../wire/definition.ts";

/** What is absent is the image's own. */
export interface Argv {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
}

type Env = Readonly<Record<string, string>>;

/**
 * Arrays pass through. Plain text is split into words, with the variables of `env` filled in. Text that needs a shell
 * (operators, globs, comments) gets one; when the entrypoint is a shell with -c, text is its one argument.
 */
export function argvOf(
  { command, entrypoint }: Pick<JobDefinition, "command" | "entrypoint">,
  env: Env,
  imageEntrypoint: readonly string[],
): Argv {
  if (typeof entrypoint === "string" && entrypoint.trim() !== "" && !plainWords(entrypoint, env)) {
    return shell([entrypoint, textOf(command)].join(" ").trim());
  }
  const given = typeof entrypoint === "string" ? plainWords(entrypoint, env) : entrypoint;
  const head = given && given.length > 0 ? { entrypoint: given } : {};
  if (command === undefined) return head;
  if (typeof command !== "string") return { ...head, cmd: command };
  if (command.trim() === "") return head;

  const words = plainWords(command, env);
  if (isShellWithC(head.entrypoint ?? imageEntrypoint)) {
    const [only] = words?.length === 1 ? words : [];
    return { ...head, cmd: [only ?? command] };
  }
  if (words) return { ...head, cmd: words };
  return head.entrypoint ? shell(`${quote(head.entrypoint)} ${command}`) : { cmd: ["/bin/sh", "-c", command] };
}

function shell(script: string): Argv {
  return { entrypoint: ["/bin/sh", "-c"], cmd: [script] };
}

function textOf(words: string | readonly string[] | undefined): string {
  return words === undefined ? "" : typeof words === "string" ? words : quote(words);
}

/** The words of text that needs no shell, else undefined. Unknown variables are empty. */
function plainWords(text: string, env: Env): string[] | undefined {
  try {
    const words = parse(text, env);
    return words.every((word) => typeof word === "string") ? words : undefined;
  } catch {
    // The parser throws on a substitution that it does not know: a shell will say what is wrong with it.
    return undefined;
  }
}

const shells = /^(?:|.*\/)(?:sh|bash|dash|ash|zsh|ksh)$/;

function isShellWithC(words: readonly string[]): boolean {
  return /^-[a-z]*c$/.test(words.at(-1) ?? "") && words.slice(0, -1).some((word) => shells.test(word));
}
