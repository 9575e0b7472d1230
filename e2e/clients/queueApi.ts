// A queue of a started control plane over HTTP, as any script would use it.

import * as v from "valibot";
import { type CheckedDefinition, checkDefinition } from "../../wire/definition.ts";
import { JobList, paths, ResultAnswer, StatusAnswer, SubmitAnswer } from "../../wire/http.ts";
import { JobId } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import { until } from "./until.ts";

/** A definition that no other test has. */
export function uniqueDefinition(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { image: "longshore/shell", command: `echo ${crypto.randomUUID()}`, ...fields };
}

export function checked(definition: unknown): CheckedDefinition {
  const check = checkDefinition(definition);
  if (!check.ok) throw new Error(check.error);
  return check.value;
}

export function idOf(definition: unknown): JobId {
  return checked(definition).id;
}

const Submitted = v.object({ ...SubmitAnswer.entries, jobId: JobId });
export type Submitted = v.InferOutput<typeof Submitted>;

export class QueueApi {
  readonly queue: string;
  readonly #shell: { readonly origin: string };

  /** The shell's origin is looked up at each request: it changes when the shell is started again. */
  constructor(shell: { readonly origin: string }, queue: string = crypto.randomUUID()) {
    this.#shell = shell;
    this.queue = queue;
  }

  get origin(): string {
    return this.#shell.origin;
  }

  request(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.origin + path, { signal: AbortSignal.timeout(30_000), ...init });
  }

  post(path: string, body?: unknown): Promise<Response> {
    return this.request(path, { method: "POST", ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  async submit(definition: unknown, more: Readonly<Record<string, unknown>> = {}): Promise<Submitted> {
    const response = await this.post(paths.queue(this.queue), { definition, ...more });
    return v.parse(Submitted, await json(response));
  }

  async list(): Promise<Record<string, Job>> {
    return v.parse(JobList, await json(await this.request(paths.queue(this.queue)))).data;
  }

  async listed(id: JobId): Promise<Job | undefined> {
    return (await this.list())[id];
  }

  async status(): Promise<v.InferOutput<typeof StatusAnswer>> {
    return v.parse(StatusAnswer, await json(await this.request(paths.status(this.queue))));
  }

  async result(id: JobId): Promise<Job | null> {
    return v.parse(ResultAnswer, await json(await this.request(paths.result(this.queue, id)))).data;
  }

  /** The job once its result can be read. */
  async finished(id: JobId, limitMs?: number): Promise<Job> {
    const job = await until(
      `the result of ${id}`,
      () => this.result(id),
      (seen) => seen !== null,
      limitMs,
    );
    if (!job) throw new Error("unreachable");
    return job;
  }

  async cancel(id: JobId, query = ""): Promise<unknown> {
    return json(await this.post(paths.cancel(this.queue, id) + query));
  }
}

/** The JSON of a good answer; any other fails the test with what it said. */
export async function json(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** The bytes of an answer, whatever its status, as text that a failure can show. */
export async function hexOf(response: Response): Promise<string> {
  return Buffer.from(await response.arrayBuffer()).toString("hex");
}
