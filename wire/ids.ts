// The names of things that cross a process boundary, branded so that one can't stand for another.
// Only these schemas make a branded value.

import * as v from "valibot";
import { blobKeyCharsMax, namespaceCharsMax, queueNameCharsMax } from "./limits.ts";

const hex64 = /^[0-9a-f]{64}$/;

/** A job's id: the lowercase hex SHA-256 of its canonical definition. */
export const JobId = v.pipe(v.string(), v.regex(hex64, "A job id is 64 lowercase hex digits."), v.brand("JobId"));
export type JobId = v.InferOutput<typeof JobId>;

/** A lowercase hex SHA-256 of some bytes. */
export const Sha256 = v.pipe(v.string(), v.regex(hex64, "A SHA-256 is 64 lowercase hex digits."), v.brand("Sha256"));
export type Sha256 = v.InferOutput<typeof Sha256>;

/** An agent's public id: derived from the secret it keeps. */
export const AgentId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16,64}$/), v.brand("AgentId"));
export type AgentId = v.InferOutput<typeof AgentId>;

/** The fencing token of one execution: `<queue epoch>.<n>`, rising for as long as the queue exists. */
export const Attempt = v.pipe(v.string(), v.regex(/^[0-9a-z]{1,16}\.[0-9]{1,15}$/), v.brand("Attempt"));
export type Attempt = v.InferOutput<typeof Attempt>;

/** Keyed hash of a queue's name, hex. What rows, objects, volumes, labels and logs use instead of the name. */
export const QueueHash = v.pipe(v.string(), v.regex(hex64), v.brand("QueueHash"));
export type QueueHash = v.InferOutput<typeof QueueHash>;

/**
 * A queue's name, which is the credential to use it: percent-decoded once by the caller, normalised here to NFC,
 * 1 to 128 characters. `undefined` and `null` are what broken clients send instead of a name.
 */
export const QueueName = v.pipe(
  v.string(),
  v.transform((name) => name.normalize("NFC")),
  v.check((name) => {
    const length = [...name].length;
    return length >= 1 && length <= queueNameCharsMax;
  }, `A queue's name has 1 to ${queueNameCharsMax} characters.`),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
  v.regex(/^[^\u0000-\u001f\u007f]*$/, "A queue's name has no control characters."),
  v.check(
    (name) => name !== "undefined" && name !== "null" && name !== "." && name !== "..",
    "This is not a queue's name.",
  ),
  v.brand("QueueName"),
);
export type QueueName = v.InferOutput<typeof QueueName>;

/** A namespace of a queue; `_` is the default one, in which nothing replaces anything. */
export const Namespace = v.pipe(
  v.string(),
  v.minLength(1, "A namespace has at least one character."),
  v.maxLength(namespaceCharsMax, `A namespace has at most ${namespaceCharsMax} characters.`),
  v.brand("Namespace"),
);
export type Namespace = v.InferOutput<typeof Namespace>;
export const defaultNamespace: Namespace = v.parse(Namespace, "_");

/** A blob's key. One that begins with a SHA-256 is content-addressed (see `contentHashOf`). */
export const BlobKey = v.pipe(
  v.string(),
  v.regex(
    new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${blobKeyCharsMax - 1}}$`),
    "A blob's key is 1 to 200 letters, digits, dots, dashes or underscores, and begins with a letter or digit.",
  ),
  v.brand("BlobKey"),
);
export type BlobKey = v.InferOutput<typeof BlobKey>;

/** The hash that a content-addressed key promises (`<sha256>` or `<sha256>.<extension>`), else undefined. */
export function contentHashOf(key: string): Sha256 | undefined {
  const match = /^([0-9a-f]{64})(\.[A-Za-z0-9._-]*)?$/.exec(key);
  const parsed = v.safeParse(Sha256, match?.[1]);
  return parsed.success ? parsed.output : undefined;
}

/** Brands for text that this side wrote itself and reads back (its own rows). Never for anything from outside. */
export const own = {
  jobId: (text: string) => text as JobId,
  agentId: (text: string) => text as AgentId,
  attempt: (text: string) => text as Attempt,
  queueHash: (text: string) => text as QueueHash,
  namespace: (text: string) => text as Namespace,
  sha256: (text: string) => text as Sha256,
} as const;
