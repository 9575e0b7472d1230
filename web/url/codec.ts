// How values are written in a fragment, by every generation of the encoders in use. Reading never throws.

import { bytesOfBase64 } from "../../wire/dataRef.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A plain string, percent-decoded once; text with a malformed escape means itself. */
export function decodeText(raw: string): string {
  return percentDecoded(raw) ?? raw;
}

/**
 * A JSON object, or undefined. Read are base64 (standard or URL-safe, padded or not, itself escaped up to twice) of
 * URI-encoded, UTF-8 or Latin-1 JSON, and plain JSON, escaped up to twice.
 */
export function decodeJson(raw: string): JsonObject | undefined {
  let text: string | undefined = raw;
  for (let escapes = 0; escapes <= 2 && text !== undefined; escapes++) {
    const found = objectIn(text);
    if (found) return found;
    text = percentDecoded(text);
  }
  return undefined;
}

/** Raw where a URL allows it, else escaped: both readers in use understand the first, and most of the second. */
export function encodeText(text: string): string {
  return /^[A-Za-z0-9\-._~:/]*$/.test(text) ? text : encodeURIComponent(text);
}

/** Base64 of URI-encoded JSON with sorted keys, padding left as `=`: the form that all readers in use understand. */
export function encodeJson(value: unknown): string {
  return btoa(encodeURIComponent(stableJson(value)));
}

/** JSON whose keys are sorted, so that equal values give equal links. */
export function stableJson(value: unknown): string {
  const sorted = (_key: string, part: unknown) =>
    isJsonObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part;
  return JSON.stringify(value, sorted) ?? "null";
}

function objectIn(text: string): JsonObject | undefined {
  // A form-decoder on the way turns "+" into a space.
  const bytes = bytesOfBase64(text.replace(/ /g, "+"));
  const inner = bytes && textOf(bytes);
  // Text that is JSON as it stands was never URI-encoded: an escape inside it belongs to the value.
  return parsed(inner) ?? parsed(inner === undefined ? undefined : percentDecoded(inner)) ?? parsed(text);
}

function parsed(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  }
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
