// What the page takes from the browser besides the document: one place, so that the rest can be tested without one.

import { browserClock, type Clock } from "../clock.ts";
import { blobSender } from "../frame/sendBlob.ts";
import type { SendBlob } from "../frame/uploads.ts";
import type { OpenWire } from "../queue/socket.ts";

export interface Browser {
  readonly clock: Clock;
  readonly random: () => number;
  readonly fetch: typeof fetch;
  readonly send: SendBlob;
  readonly openWire: OpenWire;
  readonly storage: KeyValues;
  readonly origin: string;
  /** The page is inside another one. */
  readonly isFramed: boolean;
  /** The origins around us, "" at top level, undefined when the browser does not tell. */
  readonly embedder: string | undefined;
  /** Framed, and not only by pages of our own origin. */
  readonly isFramedByOthers: boolean;
}

export interface KeyValues {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

export function currentBrowser(): Browser {
  const isFramed = window !== window.top;
  const embedder = isFramed ? embedderOf(window) : "";
  return {
    clock: browserClock,
    random: Math.random,
    fetch: (input, init) => fetch(input, init),
    send: blobSender(browserClock),
    openWire,
    storage: storageOf(() => window.localStorage),
    origin: window.location.origin,
    isFramed,
    embedder,
    isFramedByOthers: isFramed && embedder !== window.location.origin,
  };
}

/** Every origin above us once, nearest first. */
function embedderOf(view: Window): string | undefined {
  const { ancestorOrigins } = view.location;
  // Firefox had no ancestorOrigins for long; a referrer names at least the page that holds the frame.
  const origins = ancestorOrigins ? Array.from(ancestorOrigins) : [originOf(view.document.referrer)];
  // A sandboxed or referrer-less ancestor is "null": nobody that a grant could be remembered for.
  if (origins.some((origin) => origin === undefined || origin === "null")) return undefined;
  return [...new Set(origins)].join(" ");
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

const openWire: OpenWire = (url, on) => {
  let socket: WebSocket;
  try {
    socket = new WebSocket(url);
  } catch {
    // Mixed content and the like throw here; to whoever waits it is one more connection that did not open.
    queueMicrotask(on.closed);
    return { send() {}, close() {} };
  }
  socket.addEventListener("open", on.opened);
  socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (typeof data === "string") on.text(data);
  });
  socket.addEventListener("close", on.closed);
  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close(),
  };
};

/** Storage that is full, forbidden or partitioned away must not take the page down: then nothing is remembered. */
function storageOf(open: () => Storage): KeyValues {
  const memory = new Map<string, string>();
  return {
    get(key) {
      try {
        return open().getItem(key) ?? memory.get(key);
      } catch {
        return memory.get(key);
      }
    },
    set(key, value) {
      memory.set(key, value);
      try {
        open().setItem(key, value);
      } catch {
        // See above.
      }
    },
  };
}
