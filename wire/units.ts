// Durations and sizes as people write them in definitions and flags.

import parseDuration from "parse-duration";

/** Milliseconds of "5m", "1h 30m", "90s"; a bare number is milliseconds (as the peer reads it). Undefined if it is no positive duration. */
export function durationMs(text: string): number | undefined {
  const ms = parseDuration(text.trim());
  return ms !== null && Number.isFinite(ms) && ms > 0 ? Math.round(ms) : undefined;
}

const units: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes of "2g", "512m", "1GiB", "64MB", "1000" (binary multiples, as Docker reads them). Undefined if it is no positive size. */
export function sizeBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text);
  if (!match) return undefined;
  const bytes = Math.floor(Number(match[1]) * (units[(match[2] ?? "").toLowerCase()] ?? 1));
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
