// A data ref: a value, or where to get it. `hash` is a check that can fail a job, never a place to look content up.

import * as v from "valibot";
import { Sha256 } from "./ids.ts";

const hash = v.optional(v.nullable(Sha256));

/**
 * `{value, type?, hash?}`. Shapes: utf8 and base64 carry text; json carries a JSON value; url an http(s) address;
 * key the key of a blob of this deployment. A missing type means utf8.
 */
export const DataRef = v.union(
  [
    v.object({ type: v.literal("utf8"), value: v.string(), hash }),
    v.object({ type: v.literal("base64"), value: v.string(), hash }),
    v.object({ type: v.literal("json"), value: v.unknown(), hash }),
    v.object({ type: v.literal("url"), value: v.string(), hash }),
    v.object({ type: v.literal("key"), value: v.string(), hash }),
    v.object({ type: v.optional(v.nullable(v.undefined_())), value: v.string(), hash }),
  ],
  "A data ref is {type, value} with type utf8, base64, json, url or key.",
);
export type DataRef = v.InferOutput<typeof DataRef>;

/** Decodes standard or URL-safe base64, padded or not. Undefined when it is not base64. */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  let binary: string;
  try {
    binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  } catch {
    return undefined;
  }
  // Not Uint8Array.from, which makes a string of each character first: values of 100 MB come this way.
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Standard padded base64 of bytes of any length. */
export function base64OfBytes(bytes: Uint8Array): string {
  const parts: string[] = [];
  // String.fromCharCode takes its bytes as arguments: a chunk stays below every engine's argument limit.
  for (let i = 0; i < bytes.length; i += 0x8000) parts.push(String.fromCharCode(...bytes.subarray(i, i + 0x8000)));
  return btoa(parts.join(""));
}
