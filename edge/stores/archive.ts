// Definitions, results and logs as objects: `j/<job>/<queue hash>/definition.json`, `result.json` and `log.json`. Each is written
// from rows, repeatably; a result may have the definition in it. The unscoped routes read the oldest.

import * as v from "valibot";
import { type JobId, type QueueHash, Sha256 } from "../../wire/ids.ts";
import { Job } from "../../wire/job.ts";
import type { FinishedJob, JobSource } from "../deployment.ts";
import { archivedLog, viewOfArchived } from "../logs/archived.ts";
import type { S3Store } from "./s3.ts";
import { type S3Bucket, unlessMissing } from "./s3Bucket.ts";
import { childrenOf, elementsOf } from "./xml.ts";

const StoredFinished = v.object({
  job: Job,
  ref: v.nullable(v.object({ hash: Sha256, size: v.number() })),
  log: v.boolean(),
  /** Canonical JSON, where it has no object of its own. */
  definition: v.optional(v.string()),
});

const kinds = ["definition", "result", "log"] as const;
type Kind = (typeof kinds)[number];

export class Archive {
  readonly #bucket: S3Bucket;

  constructor({ bucket }: Pick<S3Store, "bucket">) {
    this.#bucket = bucket;
  }

  async write(job: JobId, queue: QueueHash, kind: Kind, json: string): Promise<void> {
    const key = objectKey(job, queue, kind);
    const headers = { "content-type": "application/json" };
    await this.#bucket.send({ method: "PUT", key, headers, body: json });
  }

  async remove(job: JobId, queue: QueueHash): Promise<void> {
    for (const kind of kinds) await this.#bucket.send({ method: "DELETE", key: objectKey(job, queue, kind) });
  }

  /** What one queue has stored. */
  ofQueue(queue: QueueHash): JobSource {
    return {
      definition: async (job) =>
        (await this.#read(objectKey(job, queue, "definition"))) ??
        (await this.#stored(objectKey(job, queue, "result")))?.definition,
      finished: (job) => this.#finished(objectKey(job, queue, "result")),
      log: async (job) => {
        const log = archivedLog(await this.#read(objectKey(job, queue, "log")));
        return viewOfArchived(log, log?.inResult ? await this.#finished(objectKey(job, queue, "result")) : undefined);
      },
    };
  }

  /** The oldest that any queue has stored: for people who have only the id, never a source of cache hits. */
  readonly oldest: JobSource = {
    definition: async (job) =>
      (await this.#read(await this.#oldest(job, "definition"))) ??
      (await this.#stored(await this.#oldest(job, "result")))?.definition,
    finished: async (job) => this.#finished(await this.#oldest(job, "result")),
    log: async (job) => {
      const result = await this.#oldest(job, "result");
      const finished = await this.#finished(result);
      if (finished && !finished.log) return viewOfArchived(undefined, finished);
      const log = result?.replace(/result\.json$/, "log.json") ?? (await this.#oldest(job, "log"));
      return viewOfArchived(archivedLog(await this.#read(log)), finished);
    },
  };

  async #oldest(job: JobId, kind: Kind): Promise<string | undefined> {
    const query = { "list-type": "2", prefix: `j/${job}/` };
    const { answer } = await this.#bucket.send({ method: "GET", query });
    if (answer?.name !== "ListBucketResult") throw new Error("The store listed nothing.");
    const objects = elementsOf(answer).filter(({ name }) => name === "Contents");
    const [oldest] = objects
      .map(childrenOf)
      .filter(({ Key }) => Key?.endsWith(`/${kind}.json`))
      .sort((a, b) => timeOf(a) - timeOf(b));
    return oldest?.Key;
  }

  async #finished(key: string | undefined): Promise<FinishedJob | undefined> {
    const stored = await this.#stored(key);
    return stored && { job: stored.job, ref: stored.ref, log: stored.log };
  }

  async #stored(key: string | undefined): Promise<v.InferOutput<typeof StoredFinished> | undefined> {
    const json = await this.#read(key);
    return json === undefined ? undefined : v.parse(StoredFinished, JSON.parse(json));
  }

  async #read(key: string | undefined): Promise<string | undefined> {
    if (key === undefined) return undefined;
    const object = await unlessMissing(this.#bucket.open({ method: "GET", key }));
    return object?.text();
  }
}

/** `definition` is its canonical JSON, if it has no object of its own. */
export function finishedJson(finished: FinishedJob, definition?: string): string {
  return JSON.stringify({ ...finished, definition });
}

function timeOf({ LastModified = "" }: Readonly<Record<string, string>>): number {
  return Date.parse(LastModified) || 0;
}

function objectKey(job: JobId, queue: QueueHash, kind: Kind): string {
  return `j/${job}/${queue}/${kind}.json`;
}
