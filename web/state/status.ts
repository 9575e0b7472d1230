// The one line that tells the truth: a pure decision from everything the page knows to what a person reads.

import type { Job } from "../../wire/job.ts";
import type { Amount, JobResult } from "../../wire/result.ts";
import { sizeText } from "../job/fileKind.ts";
import type { Asked } from "../queue/asked.ts";
import type { Refusal } from "../queue/queue.ts";
import type { Connection } from "../queue/socket.ts";
import type { TargetState } from "../url/target.ts";
import type { DefinitionState } from "./definition.ts";
import { leftText } from "./pace.ts";
import type { ResultState } from "./results.ts";
import type { Transfer } from "./transfers.ts";

export type Tone = "idle" | "waiting" | "running" | "good" | "bad";
export type Action = "run" | "again" | "stop" | "retry" | "upload" | "cancel";

export interface Status {
  readonly tone: Tone;
  /** What is happening, in one to four words. */
  readonly word: string;
  /** Why, what it waits for, or what to do. */
  readonly detail?: string;
  /** How far it is, for a bar. */
  readonly amount?: Amount;
  /** Epoch ms: the clock runs since then. */
  readonly since?: number;
  readonly actions: readonly Action[];
}

export interface Facts {
  readonly target: TargetState;
  readonly definition: DefinitionState;
  readonly connection: Connection;
  readonly agents: number | undefined;
  readonly job: Job | undefined;
  readonly asked: Asked | undefined;
  readonly refusal: Refusal | undefined;
  readonly result: ResultState | undefined;
  readonly isAsking: boolean;
  /** In line, from 1; undefined where nobody has said. */
  readonly place?: number | undefined;
  /** What is counted will take so long; undefined where that can't be said. */
  readonly leftMs?: number | undefined;
  /** Inputs on their way to the store. */
  readonly transfers?: readonly Transfer[];
}

export function statusOf(facts: Facts): Status {
  const { definition, target } = facts;
  switch (definition.kind) {
    case "empty":
      return { tone: "idle", word: "No job yet", detail: "The address names no image to run.", actions: [] };
    case "loading":
      return { tone: "waiting", word: "Loading the job", actions: [] };
    case "invalid":
      return { tone: "bad", word: "Can't run", detail: definition.error, actions: [] };
    case "failed":
      return { tone: "bad", word: "Upload failed", detail: definition.error, actions: ["upload"] };
    case "resolving":
    case "ready":
      break;
  }
  if (target.kind === "none")
    return { tone: "idle", word: "No queue", detail: "Name the queue whose agents should run this.", actions: [] };
  if (target.kind === "invalid") return { tone: "bad", word: "No such queue", detail: target.error, actions: [] };
  if (definition.kind === "resolving") return preparing(facts.transfers ?? []);
  return withConnection(facts, ofJob(facts));
}

const transferWords = { reading: "Reading inputs", sending: "Uploading inputs" } as const;

function preparing([first, ...others]: readonly Transfer[]): Status {
  if (!first) return { tone: "waiting", word: "Preparing inputs", actions: [] };
  const more = others.length > 0 ? `, and ${others.length} more` : "";
  const amount: Amount = { done: first.done, total: first.total, unit: "bytes" };
  return {
    tone: "waiting",
    word: transferWords[first.step],
    detail: `${first.name}: ${transferText(first)}${more}`,
    amount,
    actions: ["cancel"],
  };
}

/** How far a file is. */
export function transferText({ done, total }: Pick<Transfer, "done" | "total">): string {
  return `${percentOf(done, total)} %, ${sizeText(done)} of ${sizeText(total)}`;
}

/** Never 100 before the end. */
function percentOf(done: number, total: number): number {
  return total > 0 ? Math.floor((done / total) * 100) : 100;
}

/** What was last heard stays on show while there is no connection, with the word that it may be old. */
function withConnection({ connection, job }: Facts, status: Status): Status {
  if (connection.kind === "open" || job?.state === "Finished") return status;
  if (connection.kind !== "offline")
    return job
      ? status
      : // What is pressed now goes out with the connection.
        { tone: "waiting", word: "Connecting", actions: status.actions };
  const detail = job ? `Last heard: ${status.word.toLowerCase()}.` : "The queue's server does not answer.";
  return { tone: "bad", word: "Offline", detail, since: connection.since, actions: ["retry"] };
}

function ofJob(facts: Facts): Status {
  const { job, asked, refusal, agents, isAsking } = facts;
  if (isAsking)
    return { tone: "waiting", word: "Waiting for you", detail: "This would run on your computer.", actions: [] };
  if (asked && asked.kind !== "stop") return { tone: "waiting", word: "Sending", since: asked.at, actions: ["stop"] };
  if (asked && job?.state !== "Finished") return { tone: "waiting", word: "Stopping", since: asked.at, actions: [] };
  if (refusal) return { tone: "bad", word: "Refused", detail: refusalText(refusal), actions: ["run"] };
  if (!job) return { tone: "idle", word: "Ready", ...(agents === 0 ? { detail: noAgents } : {}), actions: ["run"] };
  switch (job.state) {
    case "Queued":
      return {
        tone: "waiting",
        word: "Queued",
        detail: waitingText(job.waiting ?? (agents === 0 ? noAgents : "Waiting for a free agent."), facts.place),
        since: job.queuedTime,
        actions: ["stop"],
      };
    case "Running":
      return running(job, facts.leftMs);
    case "Finished":
      return finished(job, facts.result);
    case "Removed":
      return { tone: "idle", word: "Ready", actions: ["run"] };
  }
}

function waitingText(why: string, place: number | undefined): string {
  if (place === undefined) return why;
  return place <= 1 ? `${why} It is the next in line.` : `${why} Number ${place} in line.`;
}

const noAgents = "No agent serves this queue now.";

const phaseWords = {
  inputs: "Fetching inputs",
  image: "Getting the image",
  run: "Running",
  outputs: "Saving outputs",
} as const;

function running({ progress, time }: Job, leftMs: number | undefined): Status {
  const { phase, message, amount } = progress ?? {};
  const isBuild = amount?.unit === "steps";
  const left = leftMs === undefined ? undefined : leftText(leftMs);
  const parts = isBuild
    ? [`${amountText(amount)}: ${message ?? ""}`]
    : [message, amount && amountText(amount), left].filter(Boolean);
  return {
    tone: "running",
    word: isBuild ? "Building the image" : phase ? phaseWords[phase] : "Starting",
    ...(parts.length > 0 ? { detail: parts.join(", ") } : {}),
    ...(amount ? { amount } : {}),
    since: progress?.since ?? time,
    actions: ["stop"],
  };
}

export function amountText({ done, total, unit }: Amount): string {
  if (unit === "steps") return `Step ${Math.min(done + 1, total)} of ${total}`;
  if (total === 0) return sizeText(done);
  const [whole, part] = [sizeText(total), sizeText(done)];
  const unitOf = (text: string) => text.slice(text.indexOf(" "));
  return `${unitOf(part) === unitOf(whole) ? part.slice(0, part.indexOf(" ")) : part} of ${whole}`;
}

function finished(job: Job, state: ResultState | undefined): Status {
  const actions: readonly Action[] = ["again"];
  const result = state?.kind === "ready" ? state.finished.result : undefined;
  const took = durationText(wholeTime(result) ?? job.time - job.queuedTime);
  const detail =
    result?.error ?? (state?.kind === "ready" ? state.finished.message : undefined) ?? job.finished?.message;
  const why = detail ? { detail } : {};
  const statusCode = job.statusCode ?? result?.StatusCode;
  switch (job.finishedReason) {
    case undefined:
    case "Success":
      if (state?.kind === "failed") return { tone: "bad", word: "Done", detail: state.error, actions };
      if (statusCode)
        return {
          tone: "bad",
          word: `Exit code ${statusCode}`,
          detail: detail ?? `${exitText(statusCode)}After ${took}.`,
          actions,
        };
      return { tone: "good", word: `Done in ${took}`, ...why, actions };
    case "Error":
      return { tone: "bad", word: "Failed", detail: detail ?? "The agent gave no reason.", actions };
    case "TimedOut":
      return {
        tone: "bad",
        word: "Timed out",
        detail: detail ?? `It was stopped at its time limit, after ${took}.`,
        actions,
      };
    case "Cancelled":
      return { tone: "idle", word: "Stopped", ...why, actions };
    case "JobReplacedByClient":
      return { tone: "idle", word: "Replaced", detail: "A newer job of the same namespace took its place.", actions };
    case "WorkerLost":
      return {
        tone: "bad",
        word: "Agent lost",
        detail: detail ?? "The agent that ran it was not heard of again.",
        actions,
      };
    case "Deleted":
      return { tone: "idle", word: "Ready", actions: ["run"] };
  }
}

function refusalText({ error, retryAfterMs }: Refusal): string {
  return retryAfterMs === undefined ? error : `${error} Try again in ${durationText(retryAfterMs)}.`;
}

/** What an exit code usually means; empty for a program's own. */
function exitText(code: number): string {
  if (code === 125) return "The container could not be started. ";
  if (code === 126) return "The command can't be executed. ";
  if (code === 127) return "There is no such command in the image. ";
  if (code === 137) return "It was killed, often for want of memory. ";
  if (code === 143) return "It was asked to end. ";
  return "";
}

/** What a person waited for: all phases at the agent, of which the container's own time is only one. */
function wholeTime(result: JobResult | undefined): number | undefined {
  const last = result?.phases?.at(-1);
  return last ? last.start + last.ms : result?.duration;
}

/** A length of time in two figures that matter. */
export function durationText(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "0 s";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
