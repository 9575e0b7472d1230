// The shape of one documented operation of the HTTP API, and the answers that many of them share.

import * as v from "valibot";
import { ErrorBody } from "../../wire/http.ts";
import { BlobKey, Namespace, QueueName } from "../../wire/ids.ts";

export interface Answer {
  readonly what: string;
  /** Of a JSON body. */
  readonly schema?: v.GenericSchema;
  /** Of any other body. */
  readonly type?: string;
}

export interface Operation {
  readonly method: "get" | "put" | "post";
  /** As the app's router writes them; the first is the one to use. */
  readonly paths: readonly [string, ...string[]];
  readonly group: string;
  readonly summary: string;
  readonly more?: string;
  readonly deprecated?: boolean;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly schema?: v.GenericSchema; readonly type?: string; readonly what: string };
  readonly answers: Readonly<Record<number, Answer>>;
}

/** What stands in a path, by the name that the router gives it. */
export const parameters: Readonly<Record<string, string>> = {
  queue: "The queue's name, percent-encoded: 1 to 128 characters. Who knows it may use the queue.",
  id: "The job's id: the lowercase hex SHA-256 of its definition. `.json` may follow where JSON is answered.",
  key: "The blob's key: a letter or digit, then up to 199 letters, digits, dots, dashes or underscores.",
  namespace: "The namespace, or `*` for all of them.",
  path: "The file's path, each segment percent-encoded. It may hold slashes.",
};

/** What those names must be. An id may have `.json` behind it, so it is described and not written as a pattern. */
export const parameterSchemas: Readonly<Record<string, v.GenericSchema>> = {
  queue: QueueName,
  key: BlobKey,
  namespace: Namespace,
};

export const json = (what: string, schema: v.GenericSchema): Answer => ({ what, schema });
export const problem = (what: string): Answer => ({ what, schema: ErrorBody });

export const badNames = { 400: problem("A name, id, key or body is malformed; the sentence says which and why.") };
export const notFound = (what: string) => ({ 404: problem(what) });
export const bytes = (what: string): Answer => ({ what, type: "application/octet-stream" });
export const inData = <S extends v.GenericSchema>(schema: S) => v.object({ data: schema });
