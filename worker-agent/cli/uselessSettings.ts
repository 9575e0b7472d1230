// Settings that would change nothing together: what a person typed is refused or remarked, what a variable of the machine says
// is remarked. Pure.

import { UsageError } from "./fault.ts";

export interface Said {
  readonly mode: "remote" | "local";
  readonly queues: readonly string[];
  /** Where a setting comes from; undefined where nobody said anything. */
  readonly source: (name: string) => "flag" | "variable" | undefined;
}

interface Useless {
  /** As its option is called in code. */
  readonly name: string;
  readonly flag: string;
  readonly why: string;
  /** Other agents take the flag and ignore it: commands made for them go on working. */
  readonly isTaken?: boolean;
}

const ownQueue = "--mode=local serves a queue of its own";
const untilStopped = "--mode=local serves until it is stopped";

const withLocal: readonly Useless[] = [
  { name: "api", flag: "--api", why: ownQueue, isTaken: true },
  { name: "key", flag: "--key", why: ownQueue },
  { name: "keyFile", flag: "--key-file", why: ownQueue },
  { name: "newIdentity", flag: "--new-identity", why: "the agent of --mode=local is the one that its queue knows" },
  { name: "once", flag: "--once", why: untilStopped },
  { name: "maxJobs", flag: "--max-jobs", why: untilStopped },
  { name: "idleExit", flag: "--idle-exit", why: untilStopped },
];
const withRemote: readonly Useless[] = [
  { name: "port", flag: "--port", why: "only --mode=local answers on a port", isTaken: true },
];
const withoutHealthPort: readonly Useless[] = [
  { name: "healthHost", flag: "--health-host", why: "there is no --health-port" },
];
const withoutProxy: readonly Useless[] = [{ name: "proxyExcept", flag: "--proxy-except", why: "there is no --proxy" }];
const withMaxJobs: readonly Useless[] = [{ name: "once", flag: "--once", why: "--max-jobs says how many" }];

/** Sentences for the operator. @throws UsageError where a flag of ours was given for nothing. */
export function uselessSettings({ mode, queues, source }: Said): readonly string[] {
  const all = [
    ...(mode === "local" ? withLocal : withRemote),
    ...(source("healthPort") === undefined ? withoutHealthPort : []),
    ...(source("proxy") === undefined ? withoutProxy : []),
    ...(mode === "remote" && source("maxJobs") !== undefined ? withMaxJobs : []),
  ];
  const given = all.filter(({ name }) => source(name) !== undefined);
  const refused = given.find(({ name, isTaken }) => isTaken !== true && source(name) === "flag");
  if (refused) throw new UsageError(`${refused.flag} has no effect here: ${refused.why}.`);
  const names = mode === "local" && queues.length > 0 ? [`The names of queues have no effect here: ${ownQueue}.`] : [];
  return [...names, ...given.map(({ name, flag, why }) => `${called(source(name), flag)} has no effect here: ${why}.`)];
}

function called(source: "flag" | "variable" | undefined, flag: string): string {
  return source === "flag" ? flag : `The variable for ${flag}`;
}
