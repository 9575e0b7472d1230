// A job that another metaframe sends: with `allowsetjob` it takes the place of the address's.

import { bytesOfBase64 } from "../../wire/dataRef.ts";
import { decodeJson, isJsonObject, type JsonObject } from "../url/codec.ts";

/** Pipes that set the job and are never files: the name in use, and the one that hosts were told of. */
export const jobPipes: readonly string[] = ["job", "metaframe/job"];

/** The job among the values of pipes. `invalid` is one that is no definition; undefined when nobody sends one. */
export function jobIn(pipes: Readonly<Record<string, unknown>>): JsonObject | "invalid" | undefined {
  const sent = jobPipes.map((name) => pipes[name]).find((value) => value !== undefined && value !== null);
  return sent === undefined ? undefined : (jobOf(sent) ?? "invalid");
}

/** As frames send it: an object, its JSON as text, or a data ref that carries one of them. */
function jobOf(sent: unknown): JsonObject | undefined {
  if (typeof sent === "string") return decodeJson(sent);
  if (!isJsonObject(sent)) return undefined;
  const { type, value } = sent;
  if (type === "json" && isJsonObject(value)) return plain(value);
  if (type === "utf8" && typeof value === "string") return decodeJson(value);
  if (type === "base64" && typeof value === "string") {
    const bytes = bytesOfBase64(value);
    return bytes && decodeJson(new TextDecoder().decode(bytes));
  }
  // A ref to somewhere else is no definition.
  return typeof type === "string" && "value" in sent ? undefined : plain(sent);
}

/** Only what is JSON: a structured clone may carry cycles and big integers. */
function plain(job: JsonObject): JsonObject | undefined {
  try {
    return decodeJson(JSON.stringify(job));
  } catch {
    return undefined;
  }
}
