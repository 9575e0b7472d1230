// The ways an attempt ends early that are nobody's bug.

/** An end that the job's owner should read: the message is one or two sentences, what failed and what to do. */
export class JobFault extends Error {}

/** The Docker engine went away with the attempt in it: nobody's verdict on the job, which is run again. */
export class EngineLost extends Error {}

/** Why an attempt's signal was aborted. A shutdown leaves its containers less time. */
export class Stopped extends Error {
  readonly graceMs: number;

  constructor(why: string, graceMs: number) {
    super(why);
    this.graceMs = graceMs;
  }
}

/** What an exception says, for a log line or inside a sentence. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node reports a failed connection to several addresses as an AggregateError without a message of its own.
  if (error.message === "" && error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error.message;
}

/** No room on the disk, or in a quota of it. */
export function isDiskFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(codeOf(error) ?? "");
}

/** The system's short name of a failure (`ENOENT`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
