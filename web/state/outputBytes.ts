// The bytes of an output: all of a small one, the beginning of a large one, never more than was asked for.

import { transferTimeoutMs } from "../limits.ts";
import type { OutputFile } from "./outputFiles.ts";

export interface Head {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** There is nothing after them. */
  readonly isWhole: boolean;
}

/** The first `bytesMax` bytes. Rejects when the store does not answer. */
export async function headOf(
  { content, size }: Pick<OutputFile, "content" | "size">,
  bytesMax: number,
  fetcher: typeof fetch,
  signal: AbortSignal,
): Promise<Head> {
  if (typeof content !== "string") return { bytes: content.subarray(0, bytesMax), isWhole: content.length <= bytesMax };
  const isSmall = size !== undefined && size <= bytesMax;
  const response = await fetcher(content, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(transferTimeoutMs)]),
    // A whole file is cacheable as such; a store that knows no ranges sends all, and reading stops.
    ...(isSmall ? {} : { headers: { range: `bytes=0-${bytesMax}` } }),
  });
  // An empty file has no first byte to send.
  if (response.status === 416) return { bytes: new Uint8Array(), isWhole: true };
  if (!response.ok) throw new Error(`The server answered ${response.status} for an output.`);
  return readHead(response, bytesMax);
}

async function readHead(response: Response, bytesMax: number): Promise<Head> {
  const reader = response.body?.getReader();
  if (!reader) return { bytes: new Uint8Array(), isWhole: true };
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length <= bytesMax) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
  }
  // Cancelling what has ended does nothing; a stream that breaks now was not wanted any more.
  await reader.cancel().catch(() => {});
  const bytes = new Uint8Array(Math.min(length, bytesMax));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece.subarray(0, bytes.length - at), at);
    at = Math.min(bytes.length, at + piece.length);
  }
  return { bytes, isWhole: length <= bytesMax };
}
