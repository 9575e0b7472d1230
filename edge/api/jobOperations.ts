// What can be done with jobs over HTTP, and with their logs.

import * as v from "valibot";
import { Enqueue } from "../../wire/clientMessages.ts";
import { JobDefinition } from "../../wire/definition.ts";
import {
  CancelAnswer,
  HistoryAnswer,
  JobList,
  LogAnswer,
  NamespacesAnswer,
  ResultAnswer,
  SubmitAnswer,
} from "../../wire/http.ts";
import { Job } from "../../wire/job.ts";
import { CopyBody } from "../routes/copy.ts";
import { badNames, bytes, inData, json, notFound, type Operation, problem } from "./operation.ts";

/** A submission's body with the definition as it is checked. */
export const Submission = v.object({ ...Enqueue.entries, definition: JobDefinition });

const submitAnswers = {
  200: json("Accepted for good. With `result`, an earlier run's result answers.", SubmitAnswer),
  ...badNames,
  413: problem("The definition or the body is too large: upload inputs and reference them."),
  429: problem("The queue is full, one address has its share of it, or it submits too fast: see Retry-After."),
};
const both = (tail: string): readonly [string, string] => [`/q/:queue/j/:id${tail}`, `/j/:id${tail}`];
const unscoped = "Without a queue the oldest result or definition of any queue is read.";

export const jobOperations: readonly Operation[] = [
  {
    method: "post",
    paths: ["/q/:queue", "/q/:queue/j"],
    group: "Jobs",
    summary: "Submit a job",
    more:
      "A job is named by the hash of its definition. The same job that is under way is joined, and one that has a fresh " +
      "result is answered by it. `id` may be left out; if it is sent it must be the definition's. `control.callbacks` asks " +
      "for webhooks. `control.maxDuration` is how long the job may run for this submission's namespace: a job that no " +
      "namespace wants any longer ends as TimedOut, without a result that could answer others. To make the time part of " +
      "what runs, name it in the definition.",
    body: { schema: Submission, what: "A definition, and how it is to be handled." },
    answers: submitAnswers,
  },
  {
    method: "get",
    paths: ["/q/:queue", "/q/:queue/j"],
    group: "Jobs",
    summary: "List a queue's jobs",
    more: "Jobs that wait or run, and those that finished within a day.",
    answers: { 200: json("Jobs by id.", JobList), ...badNames },
  },
  {
    method: "get",
    paths: both(""),
    group: "Jobs",
    summary: "Read a job's definition and, once it has ended, its result",
    more: `${unscoped} \`/j/{id}\` is the page for whoever accepts text/html.`,
    answers: {
      200: json(
        "`results` is missing until the job has ended.",
        inData(v.object({ definition: JobDefinition, results: v.optional(Job) })),
      ),
      ...badNames,
      ...notFound("There is no such job."),
    },
  },
  {
    method: "get",
    paths: both("/definition.json"),
    group: "Jobs",
    summary: "Read a job's definition",
    more: unscoped,
    answers: { 200: json("`null` for an unknown job.", inData(v.nullable(JobDefinition))), ...badNames },
  },
  {
    method: "get",
    paths: ["/q/:queue/j/:id/result.json", "/q/:queue/j/:id/results.json", "/j/:id/result.json", "/j/:id/results.json"],
    group: "Jobs",
    summary: "Read a finished job with its result",
    more: unscoped,
    answers: { 200: json("`null` for a job that is unknown or has not ended.", ResultAnswer), ...badNames },
  },
  ...(["inputs", "outputs"] as const).map(
    (kind): Operation => ({
      method: "get",
      paths: both(`/${kind}/*`),
      group: "Jobs",
      summary: `Read one of a job's ${kind}`,
      more: unscoped,
      answers: {
        200: bytes("The bytes, as an attachment."),
        302: { what: "Where the bytes are: the store's signed address, or the address that the data ref names." },
        ...badNames,
        ...notFound("There is no such job or file."),
      },
    }),
  ),
  {
    method: "get",
    paths: ["/q/:queue/j/:id/namespaces.json"],
    group: "Jobs",
    summary: "Read in which namespaces a job is wanted",
    answers: { 200: json("Empty for an unknown job.", NamespacesAnswer), ...badNames },
  },
  {
    method: "get",
    paths: ["/q/:queue/j/:id/history.json"],
    group: "Jobs",
    summary: "Read when a job's newest run was queued, started and ended",
    answers: { 200: json("Empty for an unknown job.", HistoryAnswer), ...badNames },
  },
  {
    method: "post",
    paths: ["/q/:queue/j/:id/cancel", "/q/:queue/j/:id/:namespace/cancel"],
    group: "Jobs",
    summary: "Cancel a job in one namespace, or in all",
    more: "It is answered at once. A job goes on for as long as another namespace wants it.",
    query: { namespace: "The namespace, `_` by default, or `*` for all.", message: "Kept with the job as the reason." },
    answers: { 200: json("What was done, or why there was nothing to do.", CancelAnswer), ...badNames },
  },
  {
    method: "post",
    paths: ["/j/:id/copy"],
    group: "Jobs",
    summary: "Submit a known job to another queue",
    body: { schema: CopyBody, what: "Where it goes, and how it is to be handled there." },
    answers: { ...submitAnswers, ...notFound("No queue has this job's definition.") },
  },
];

export const logOperations: readonly Operation[] = [
  ...(["build", "run"] as const).map(
    (kind): Operation => ({
      method: "get",
      paths: both(`/${kind}-logs.json`),
      group: "Logs",
      summary: `Read the log of a job's ${kind}, a slice at a time`,
      query: { since: "The number of the first line wanted: the last answer's `nextCursor`." },
      answers: { 200: json("Empty for an unknown job.", LogAnswer), ...badNames },
    }),
  ),
  {
    method: "get",
    paths: ["/q/:queue/j/:id/stream"],
    group: "Logs",
    summary: "Follow a job: its logs and states as they come",
    more: "Events: build-log, run-log, state, and final, after which the stream ends.",
    headers: { "Last-Event-ID": "Goes on after this event." },
    answers: {
      200: { what: "Server-sent events.", type: "text/event-stream" },
      204: { what: "The job's end was seen already." },
      ...badNames,
    },
  },
];
