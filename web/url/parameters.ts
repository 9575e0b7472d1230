// Every parameter that the page knows, read from the fragment. A broken one is named in `faults` and counts as absent;
// the others work.

import * as v from "valibot";
import { Control } from "../../wire/clientMessages.ts";
import { isInjectedEnvKey } from "../../wire/jobId.ts";
import { sentenceOf } from "../../wire/sentence.ts";
import { durationMs } from "../../wire/units.ts";
import { decodeJson, decodeText, type JsonObject } from "./codec.ts";
import { parseFragment } from "./fragment.ts";

/** Something in the address or among the inputs that could not be used, in a sentence that says what was expected. */
export interface Fault {
  readonly where: string;
  readonly message: string;
}

export interface Parameters {
  /** The definition without inputs that come at run time. */
  readonly job: JsonObject | undefined;
  readonly queue: string;
  readonly queueOverride: string;
  readonly ignoreQueueOverride: boolean;
  /** Text files, by name. */
  readonly inputs: Readonly<Record<string, string>> | undefined;
  /** The inputs and outputs that the frame declares. */
  readonly definition: JsonObject | undefined;
  readonly autostart: boolean;
  readonly debug: boolean;
  readonly terminal: boolean;
  readonly resolverefs: boolean;
  readonly allowsetjob: boolean;
  /** `stdout` and `exitCode` go on as outputs while the job runs. */
  readonly live: boolean;
  readonly control: Control | undefined;
  readonly maxJobDuration: string | undefined;
  readonly permit: string | undefined;
  /** `disabled` hides the tabs, `invisible` shows them on hover or focus. */
  readonly menu: "visible" | "invisible" | "disabled";
  /** The line of the log that the address leads to, from 1. Its name is one of those that never become environment. */
  readonly line: number | undefined;
  /** What becomes environment: the fragment's other parameters over the search part's, decoded. */
  readonly variables: ReadonlyMap<string, string>;
}

const reserved: ReadonlySet<string> = new Set([
  ...["allowsetjob", "autostart", "config", "control", "debug", "definition", "ignoreQueueOverride", "inputs", "job"],
  ...["maxJobDuration", "queue", "queueOverride", "resolverefs", "terminal", "hm", "options", "hidemenu", "permit"],
]);

/** Parameters of the page itself or of the page around it: never environment. */
export function isReserved(key: string): boolean {
  return reserved.has(key) || isInjectedEnvKey(key);
}

/** Reads the two parts of an address that carry parameters. Never throws. */
export function readParameters(hash: string, search: string): { parameters: Parameters; faults: readonly Fault[] } {
  const { prehash, raw } = parseFragment(hash);
  const faults: Fault[] = [];
  const reader = new Reader(raw, faults);
  if (raw.size === 0 && /^[A-Za-z]+=/.test(prehash))
    faults.push({ where: "address", message: "Parameters are read after #?, here there is only a #." });
  const parameters: Parameters = {
    job: reader.json("job", "a job definition as base64 of JSON"),
    queue: reader.text("queue") ?? "",
    queueOverride: reader.text("queueOverride") ?? "",
    ignoreQueueOverride: reader.flag("ignoreQueueOverride"),
    inputs: reader.files("inputs"),
    definition: reader.json("definition", "a metaframe definition as base64 of JSON"),
    autostart: reader.flag("autostart"),
    debug: reader.flag("debug"),
    terminal: reader.flag("terminal"),
    resolverefs: reader.flag("resolverefs"),
    allowsetjob: reader.flag("allowsetjob"),
    live: reader.flag("mp_live"),
    control: reader.control("control"),
    maxJobDuration: reader.duration("maxJobDuration"),
    permit: reader.text("permit") || undefined,
    menu: reader.menu("hm"),
    line: reader.line("mp_line"),
    variables: variablesOf(raw, search),
  };
  return { parameters, faults };
}

function variablesOf(raw: ReadonlyMap<string, string>, search: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(search)) if (key !== "") variables.set(key, value);
  for (const [key, value] of raw) if (key !== "") variables.set(key, decodeText(value));
  for (const key of [...variables.keys()]) if (isReserved(key)) variables.delete(key);
  return variables;
}

class Reader {
  private readonly raw: ReadonlyMap<string, string>;
  private readonly faults: Fault[];

  constructor(raw: ReadonlyMap<string, string>, faults: Fault[]) {
    this.raw = raw;
    this.faults = faults;
  }

  text(key: string): string | undefined {
    const raw = this.raw.get(key);
    return raw === undefined ? undefined : decodeText(raw).trim();
  }

  flag(key: string): boolean {
    const text = this.text(key);
    if (text !== undefined && !["true", "false", ""].includes(text)) this.fault(key, "true or false");
    return text === "true";
  }

  menu(key: string): Parameters["menu"] {
    const text = this.text(key);
    if (text === "disabled" || text === "invisible") return text;
    if (text !== undefined && !["visible", ""].includes(text)) this.fault(key, "visible, invisible or disabled");
    return "visible";
  }

  line(key: string): number | undefined {
    const text = this.text(key);
    const line = Number(text);
    if (Number.isInteger(line) && line > 0) return line;
    if (text !== undefined && text !== "") this.fault(key, "the number of a line, from 1");
    return undefined;
  }

  json(key: string, expected: string): JsonObject | undefined {
    const raw = this.raw.get(key);
    if (raw === undefined || raw === "") return undefined;
    const value = decodeJson(raw);
    if (!value) this.fault(key, expected);
    return value;
  }

  files(key: string): Readonly<Record<string, string>> | undefined {
    const value = this.json(key, "a map of file names to texts as base64 of JSON");
    if (!value) return undefined;
    const texts: [string, string][] = [];
    for (const [name, text] of Object.entries(value)) {
      if (typeof text === "string") texts.push([name, text]);
      else this.fault(`${key} › ${name}`, "the file's text");
    }
    return Object.fromEntries(texts);
  }

  control(key: string): Control | undefined {
    const value = this.json(key, "a control block as base64 of JSON");
    if (!value) return undefined;
    const parsed = v.safeParse(Control, value);
    if (parsed.success) return parsed.output;
    this.faults.push({ where: key, message: `${sentenceOf(parsed.issues)} It was ignored.` });
    return undefined;
  }

  duration(key: string): string | undefined {
    const text = this.text(key);
    if (text === undefined || text === "") return undefined;
    if (durationMs(text) !== undefined) return text;
    this.fault(key, "a duration like 90s, 5m or 1h30m");
    return undefined;
  }

  private fault(where: string, expected: string) {
    this.faults.push({ where, message: `Expected ${expected}. It was ignored.` });
  }
}
