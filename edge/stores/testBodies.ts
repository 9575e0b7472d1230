// For the tests of this folder: content, its hash, and bodies that bring it in various ways.

import { createHash, randomBytes } from "node:crypto";
import * as v from "valibot";
import { BlobKey, own, type Sha256 } from "../../wire/ids.ts";

export interface Content {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly hash: Sha256;
  readonly key: BlobKey;
}

export function someContent(length: number): Content {
  const bytes = Uint8Array.from(randomBytes(length));
  const hash = own.sha256(createHash("sha256").update(bytes).digest("hex"));
  return { bytes, hash, key: keyOf(hash) };
}

export function keyOf(text: string): BlobKey {
  return v.parse(BlobKey, text);
}

export function bodyOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream();
}

/** Brings some bytes, then breaks as a connection does. */
export function brokenBody(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull: (controller) => {
      if (sent) controller.error(new Error("connection reset"));
      else controller.enqueue(bytes);
      sent = true;
    },
  });
}

/** `times` the same bytes; `seen` is called before each. */
export function repeated(chunk: Uint8Array, times: number, seen: () => void): ReadableStream<Uint8Array> {
  let left = times;
  return new ReadableStream(
    {
      pull: (controller) => {
        seen();
        if (left === 0) return controller.close();
        left -= 1;
        // Readers may keep what they get, as they may from a socket.
        controller.enqueue(Uint8Array.from(chunk));
      },
    },
    { highWaterMark: 0 },
  );
}

export function hashOfRepeated(chunk: Uint8Array, times: number): Sha256 {
  const hash = createHash("sha256");
  for (let i = 0; i < times; i++) hash.update(chunk);
  return own.sha256(hash.digest("hex"));
}
