// Server-sent events as a body: each is made when the reader asks for the next, and a reader that asks for nothing is dropped.

import { streamRetryMs, streamStallMs } from "../limits.ts";

/** `close` is called once, however it ends: by the events, by the reader, or because the reader has stalled. */
export function eventBody(events: AsyncGenerator<string>, close: () => void): ReadableStream<Uint8Array> {
  const utf8 = new TextEncoder();
  let isOpen = true;
  let stall: ReturnType<typeof setTimeout> | undefined;
  const asked = () => {
    if (stall !== undefined) clearTimeout(stall);
  };
  const end = () => {
    asked();
    if (isOpen) close();
    isOpen = false;
  };
  return new ReadableStream<Uint8Array>(
    {
      // Sent at once, so that the reader has the headers.
      start: (controller) => controller.enqueue(utf8.encode(`retry: ${streamRetryMs}\n\n`)),
      pull: async (controller) => {
        asked();
        const { done, value } = await next(events, end);
        if (!isOpen) return;
        if (done) {
          end();
          controller.close();
          return;
        }
        controller.enqueue(utf8.encode(value));
        stall = setTimeout(() => {
          end();
          controller.error(new Error(`The reader of a stream took nothing for ${streamStallMs} ms.`));
        }, streamStallMs);
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

async function next(events: AsyncGenerator<string>, end: () => void): Promise<IteratorResult<string, undefined>> {
  try {
    return await events.next();
  } catch (error) {
    end();
    throw error;
  }
}
