// A setting: a flag, the variables that stand for it, and how its text is read. A flag wins over a variable, ours over the
// names that other agents use; an empty variable counts as not set.

import { type Command, Option } from "commander";
import { UsageError } from "./fault.ts";

export interface SettingOptions {
  /** The variable's name after `LONGSHORE_`. */
  readonly env: string;
  /** Other names of the variable, which are understood too. */
  readonly alsoEnv?: readonly string[];
  readonly parse?: (text: string, previous: unknown) => unknown;
  readonly choices?: readonly string[];
  readonly default?: unknown;
  /** How help shows the default. */
  readonly shown?: string;
  readonly group?: string;
}

export function setting(flags: string, description: string, options: SettingOptions): Option {
  const { env, alsoEnv, parse, choices, default: value, shown, group } = options;
  // Help shows what happens without the flag also where that is found out later.
  const known = value !== undefined || shown === undefined;
  const option = new Option(flags, known ? description : `${description} (default: ${shown})`);
  const name = variableOf(env, alsoEnv);
  option.env(name);
  variables.set(option, `LONGSHORE_${env}`);
  if (choices) option.choices([...choices]);
  if (parse) option.argParser(parse);
  if (value !== undefined) option.default(value, shown);
  return group === undefined ? option : option.helpGroup(group);
}

const variables = new WeakMap<Option, string>();

/** The variable that stands for an option: ours, whichever name it was given by. */
export function variableFor(option: Option): string | undefined {
  return variables.get(option);
}

export type SwitchOptions = Pick<SettingOptions, "env" | "alsoEnv" | "group">;

/** A setting that is on or off. commander would take a variable that says `false` for a yes. */
export function onOff(flags: string, description: string, { env, alsoEnv, group }: SwitchOptions): Option {
  const name = variableOf(env, alsoEnv);
  const option = new Option(flags, `${description} (env: ${name})`);
  variables.set(option, `LONGSHORE_${env}`);
  if (saysTrue(name)) option.default(true);
  return group === undefined ? option : option.helpGroup(group);
}

function variableOf(env: string, also: readonly string[] = []): string {
  const names = [`LONGSHORE_${env}`, ...also];
  return names.find((name) => textOf(name) !== undefined) ?? `LONGSHORE_${env}`;
}

/** Who said what a setting is, if anybody did. */
export function sourceOf(command: Command, name: string): "flag" | "variable" | undefined {
  const source = command.getOptionValueSource(name);
  if (source === "cli") return "flag";
  // A switch that a variable turned on is on by default.
  return source === "env" || (source === "default" && command.getOptionValue(name) === true) ? "variable" : undefined;
}

export function textOf(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}

/** The first of these variables that says something. */
export function firstOf(...names: readonly string[]): string | undefined {
  return names.map(textOf).find((value) => value !== undefined);
}

function saysTrue(name: string): boolean {
  const text = textOf(name)?.toLowerCase();
  if (text === undefined || ["0", "false", "no", "off"].includes(text)) return false;
  if (["1", "true", "yes", "on"].includes(text)) return true;
  throw new UsageError(`${name} is ${JSON.stringify(text)}: it is true or false.`);
}

/** commander would read an empty variable as an empty value. */
export function forgetEmptyVariables(): void {
  for (const [name, value] of Object.entries(process.env)) {
    if (value === "" && /^(LONGSHORE|METAPAGE_IO_WORKER)_/.test(name)) Reflect.deleteProperty(process.env, name);
  }
}

const otherNames: Readonly<Record<string, string>> = {
  "--api-address": "--api",
  "--data-directory": "--data-dir",
  "--id": "--name",
};

const switches: readonly string[] = ["--debug", "--trust", "--new-identity"];

/** Other names of flags are those of ours, and `--debug=false` is `--no-debug`. */
export function usualArgs(args: readonly string[]): readonly string[] {
  return args.flatMap((arg, index) => {
    const [, flag = arg, value] = /^(--[a-z-]+)=(.*)$/s.exec(arg) ?? [];
    const usual = otherNames[flag] ?? flag;
    const isSwitch = switches.includes(usual);
    // `--debug true` is `--debug=true`.
    if (/^(?:true|false)$/.test(arg) && switches.includes(args[index - 1] ?? "")) return [];
    const next = args[index + 1] ?? "";
    const said = value ?? (isSwitch && /^(?:true|false)$/.test(next) ? next : undefined);
    if (said === undefined) return [usual];
    if (isSwitch && /^(?:true|false)$/.test(said)) return [said === "true" ? usual : usual.replace(/^--/, "--no-")];
    return [`${usual}=${said}`];
  });
}
