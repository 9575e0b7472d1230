// Why a run failed and what may help, from what is known of it. Pure: sentences for a person.

import type { Job } from "../../wire/job.ts";
import type { JobPhase, JobResult } from "../../wire/result.ts";

export interface Failure {
  /** The phase that it failed in; undefined when it never began. */
  readonly phase: JobPhase | undefined;
  /** What happened. */
  readonly what: string;
  /** What it probably means. */
  readonly meaning: string | undefined;
  /** What to try, best first. */
  readonly tries: readonly string[];
}

/** Undefined for a run that did not fail. */
export function failureOf(job: Job, result: JobResult | undefined, message: string | undefined): Failure | undefined {
  if (job.state !== "Finished") return undefined;
  const phase = result?.phases?.at(-1)?.phase;
  const error = result?.error ?? message;
  switch (job.finishedReason) {
    case "TimedOut":
      return {
        phase: "run",
        what: error ?? "It was stopped at its time limit.",
        meaning: undefined,
        tries: [
          "Give it more time: the time limit is in the settings (maxDuration), and the agent's own limit counts as well.",
          "Look at the end of the log: a program that waits for input never ends.",
        ],
      };
    case "WorkerLost":
      return {
        phase: undefined,
        what: error ?? "The agent that ran it was not heard of again.",
        meaning: "Its machine was turned off, lost its network, or ran out of memory.",
        tries: ["Run it again: another agent takes it.", "If it happens each time, give the job a memory limit."],
      };
    case "Error":
      return { phase, ...ofError(error ?? "The agent gave no reason.") };
    case undefined:
    case "Success": {
      const code = job.statusCode ?? result?.StatusCode;
      return code
        ? { phase: "run", what: `The program ended with exit code ${code}.`, ...ofCode(code, result) }
        : undefined;
    }
    default:
      return undefined;
  }
}

const errors: readonly (readonly [RegExp, string, readonly string[]])[] = [
  [
    /executable file not found|no such file or directory|exec format|permission denied/i,
    "The command could not be started in this image.",
    [
      "Check that the program is in the image, spelled as it is there.",
      'A shell\'s words (|, >, &&) need a shell: sh -c "…".',
      "An image for another processor fails like this, too.",
    ],
  ],
  [
    /no such image|not found|manifest unknown|pull access denied|repository does not exist|could not be pulled/i,
    "The agent could not get the image.",
    [
      "Check the image's name and tag.",
      "A private image must be allowed, with its credentials, on the agent's machine.",
    ],
  ],
  [
    /no space left|disk/i,
    "The agent's disk is full, or the job wrote more than it may.",
    ["Write less to the container's own disk.", "Free space on the agent's machine."],
  ],
  [/build|dockerfile/i, "The image could not be built.", ["Look at the step that failed: the log has it open."]],
  [
    /input|fetch|download|address|refused/i,
    "An input could not be fetched.",
    ["Open the input's address yourself.", "Agents fetch from public addresses only, unless theirs allows more."],
  ],
  [
    /lost/i,
    "Each agent that took it vanished while it ran.",
    ["It may need more memory than the machines have: give it a memory limit.", "Run it again."],
  ],
];

function ofError(error: string): Pick<Failure, "what" | "meaning" | "tries"> {
  const known = errors.find(([pattern]) => pattern.test(error));
  return { what: error, meaning: known?.[1], tries: known?.[2] ?? ["Run it again.", "Look at the log."] };
}

function ofCode(code: number, result: JobResult | undefined): Pick<Failure, "meaning" | "tries"> {
  const log = "Read the last lines of its log below.";
  if (result?.resources?.outOfMemory || code === 137)
    return {
      meaning: result?.resources?.outOfMemory
        ? "It needed more memory than it may use."
        : "It was killed, often for want of memory.",
      tries: ["Give it more memory: settings, Memory.", "Let it work on less at a time."],
    };
  if (code === 127)
    return {
      meaning: "There is no such command in the image.",
      tries: ["Check how the command is spelled in this image.", "Name the program with its whole path."],
    };
  if (code === 126)
    return {
      meaning: "The command was found but can't be executed.",
      tries: ["Start it with its interpreter, like sh /inputs/script.sh.", "Make the file executable in the image."],
    };
  if (code === 125) return { meaning: "The container could not be started.", tries: [log] };
  if (code === 139) return { meaning: "It touched memory that is not its own (a segmentation fault).", tries: [log] };
  if (code === 143) return { meaning: "It was asked to end.", tries: ["Run it again."] };
  if (code === 2) return { meaning: "For many programs this means a wrong option or a missing file.", tries: [log] };
  return { meaning: undefined, tries: [log] };
}
