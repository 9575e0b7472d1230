// How the command ends when something is wrong.

/** What was asked for can't be done as it was asked: exit code 2. The message is one sentence that says what to change. */
export class UsageError extends Error {}

export const exitCodes = {
  /** It did what was asked, a drain or a stop by signal included. */
  done: 0,
  /** Something failed; the sentence says what. */
  failed: 1,
  /** A flag, a variable or a name that can't be used. */
  usage: 2,
  /** Another process runs as this agent and has taken over. */
  replaced: 3,
} as const;
