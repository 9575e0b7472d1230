// Definitions and results as objects: `j/<job>/<queue hash>/definition.json` and `result.json`. Each is written from a row,
// repeatably. The unscoped routes read the oldest.

import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import * as v from "valibot";
import { type JobId, type QueueHash, Sha256 } from "../../wire/ids.ts";
import { Job } from "../../wire/job.ts";
import type { FinishedJob, JobSource } from "../deployment.ts";
import { isMissing, type S3Store } from "./s3.ts";

const StoredFinished = v.object({
  job: Job,
  ref: v.nullable(v.object({ hash: Sha256, size: v.number() })),
});

type Kind = "definition" | "result";

export class Archive {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor({ client, bucket }: S3Store) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async write(job: JobId, queue: QueueHash, kind: Kind, json: string): Promise<void> {
    const Key = objectKey(job, queue, kind);
    await this.#client.send(
      new PutObjectCommand({ Bucket: this.#bucket, Key, Body: json, ContentType: "application/json" }),
    );
  }

  async remove(job: JobId, queue: QueueHash): Promise<void> {
    for (const kind of ["definition", "result"] as const) {
      await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: objectKey(job, queue, kind) }));
    }
  }

  /** What one queue has stored. */
  ofQueue(queue: QueueHash): JobSource {
    return {
      definition: (job) => this.#read(objectKey(job, queue, "definition")),
      finished: async (job) => finishedOf(await this.#read(objectKey(job, queue, "result"))),
    };
  }

  /** The oldest that any queue has stored: for people who have only the id, never a source of cache hits. */
  readonly oldest: JobSource = {
    definition: (job) => this.#oldest(job, "definition"),
    finished: async (job) => finishedOf(await this.#oldest(job, "result")),
  };

  async #oldest(job: JobId, kind: Kind): Promise<string | undefined> {
    const { Contents = [] } = await this.#client.send(
      new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: `j/${job}/` }),
    );
    const [oldest] = Contents.filter(({ Key }) => Key?.endsWith(`/${kind}.json`)).sort(
      (a, b) => (a.LastModified?.getTime() ?? 0) - (b.LastModified?.getTime() ?? 0),
    );
    return oldest?.Key === undefined ? undefined : this.#read(oldest.Key);
  }

  async #read(Key: string): Promise<string | undefined> {
    try {
      const object = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key }));
      return await object.Body?.transformToString();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}

export function finishedJson(finished: FinishedJob): string {
  return JSON.stringify(finished);
}

function finishedOf(json: string | undefined): FinishedJob | undefined {
  return json === undefined ? undefined : v.parse(StoredFinished, JSON.parse(json));
}

function objectKey(job: JobId, queue: QueueHash, kind: Kind): string {
  return `j/${job}/${queue}/${kind}.json`;
}
