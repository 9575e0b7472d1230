// What a value that arrived through a pipe is as a file: every form in which metaframes send values becomes the right
// bytes, or a reference to them.

import * as v from "valibot";
import { bytesOfBase64, DataRef } from "../../wire/dataRef.ts";
import { inlineRefCharsMax } from "../../wire/limits.ts";
import { isJsonObject, type JsonObject } from "../url/codec.ts";

export type FileContent =
  | { readonly kind: "ref"; readonly ref: DataRef }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Not read yet: it may be larger than memory. */
  | { readonly kind: "blob"; readonly blob: Blob };

/** No file: `nothing` when the value says that there is none, `unreadable` with what was expected. */
export type NoContent = { readonly kind: "nothing" } | { readonly kind: "unreadable"; readonly message: string };

const nothing: NoContent = { kind: "nothing" };
const unreadable = (message: string): NoContent => ({ kind: "unreadable", message });

/** Reads one value of a pipe. Never rejects. */
export async function contentOf(value: unknown): Promise<FileContent | NoContent> {
  if (value === null || value === undefined) return nothing;
  if (typeof value === "string") return contentOfText(value);
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return text(String(value));
  if (value instanceof ArrayBuffer) return bytes(new Uint8Array(value));
  if (ArrayBuffer.isView(value)) return bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice());
  if (value instanceof Blob) return contentOfBlob(value);
  if (isJsonObject(value)) return contentOfObject(value);
  return contentOfJson(value);
}

function contentOfText(value: string): FileContent | NoContent {
  const data = /^data:([^,]*),/.exec(value);
  return data ? contentOfDataUrl(data[1] ?? "", value.slice(data[0].length)) : text(value);
}

function contentOfDataUrl(head: string, payload: string): FileContent | NoContent {
  const [mime, ...rest] = head.split(";");
  const isBase64 = rest.some((part) => part.trim().toLowerCase() === "base64");
  const content = isBase64 ? bytesOfBase64(percentDecodedText(payload)) : bytesOfPercentEncoded(payload);
  if (!content) return unreadable("It is a data: URL whose base64 can't be read.");
  if (mime?.trim().toLowerCase() === "text/x-uri")
    return contentOfUrl(new TextDecoder().decode(content).trim(), undefined);
  return bytes(content);
}

function contentOfUrl(url: string, hash: unknown): FileContent | NoContent {
  if (/^data:/i.test(url)) return contentOfText(url);
  if (!/^https?:\/\//i.test(url)) return unreadable("It refers to an address that is not http or https.");
  return refOf({ type: "url", value: url, hash });
}

/** Characters of base64 for so many bytes. */
export function base64Chars(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** A File whose file has changed or vanished on the sender's disk rejects when it is read. */
export const unreadableFile = "The file could not be read any more: choose it again.";

async function contentOfBlob(blob: Blob): Promise<FileContent | NoContent> {
  if (base64Chars(blob.size) > inlineRefCharsMax) return { kind: "blob", blob };
  try {
    return bytes(new Uint8Array(await blob.arrayBuffer()));
  } catch {
    return unreadable(unreadableFile);
  }
}

const refTypes: ReadonlySet<unknown> = new Set(["utf8", "base64", "json", "url", "key"]);

function contentOfObject(value: JsonObject): FileContent | NoContent {
  const isSerialized =
    (value._s === true && typeof value._c === "string") || (value.ref === "base64" && typeof value.c === "string");
  if (isSerialized && typeof value.value === "string") {
    const content = bytesOfBase64(value.value);
    return content ? bytes(content) : unreadable("Its base64 can't be read.");
  }
  if (refTypes.has(value.type) && "value" in value && (value.type === "json" || typeof value.value === "string"))
    return contentOfRef(value);
  return contentOfJson(value);
}

function contentOfRef(value: JsonObject): FileContent | NoContent {
  if (value.type === "url") return contentOfUrl(String(value.value), value.hash);
  if (value.type === "utf8") return text(String(value.value));
  if (value.type === "base64") {
    const content = bytesOfBase64(String(value.value));
    return content ? bytes(content) : unreadable("Its base64 can't be read.");
  }
  return value.type === "json" ? contentOfJsonRef(value) : refOf(value);
}

/** Only what is JSON travels on: a structured clone may carry cycles, big integers and worse. */
function contentOfJsonRef(value: JsonObject): FileContent | NoContent {
  const content = contentOfJson(value.value);
  return content.kind === "text" ? refOf({ ...value, value: JSON.parse(content.text) }) : content;
}

/** A ref as wire knows it; a hash that is none is left out rather than failing the job later. */
function refOf(value: JsonObject): FileContent | NoContent {
  for (const candidate of [value, { type: value.type, value: value.value }]) {
    const parsed = v.safeParse(DataRef, candidate);
    if (parsed.success) return { kind: "ref", ref: parsed.output };
  }
  return unreadable("It looks like a data ref, but its value can't be read.");
}

/** Compact JSON in the sender's order of keys: the order of columns may mean something. */
function contentOfJson(value: unknown): FileContent | NoContent {
  try {
    const json: string | undefined = JSON.stringify(value);
    return json === undefined ? unreadable("It is of a kind that can't be written to a file.") : text(json);
  } catch {
    return unreadable("It can't be written as JSON.");
  }
}

function percentDecodedText(payload: string): string {
  return payload.includes("%") ? new TextDecoder().decode(bytesOfPercentEncoded(payload)) : payload;
}

/** Escapes become bytes, everything else its UTF-8; a malformed escape means itself. */
function bytesOfPercentEncoded(payload: string): Uint8Array<ArrayBuffer> {
  const source = new TextEncoder().encode(payload);
  const out = new Uint8Array(source.length);
  let length = 0;
  for (let at = 0; at < source.length; at++, length++) {
    const escaped =
      source[at] === 0x25 ? /^%([0-9a-f]{2})$/i.exec(String.fromCharCode(...source.subarray(at, at + 3))) : null;
    out[length] = escaped ? Number.parseInt(escaped[1] ?? "", 16) : (source[at] ?? 0);
    if (escaped) at += 2;
  }
  return out.slice(0, length);
}

function text(value: string): FileContent {
  return { kind: "text", text: value };
}

function bytes(value: Uint8Array<ArrayBuffer>): FileContent {
  return { kind: "bytes", bytes: value };
}
