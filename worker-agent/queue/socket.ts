// One connection to a queue: opened, kept alive by pings, and ended for a reason. A connection that is only half there is
// noticed by its silence.

import * as v from "valibot";
import { WebSocket } from "ws";
import { closeRefused, closeReplaced } from "../../wire/agentMessages.ts";
import { agentFrameBytesMax } from "../../wire/limits.ts";
import { messageOf } from "../fault.ts";
import { errorOf } from "../files/request.ts";
import type { Upstream } from "../files/upstream.ts";
import { connectMs, pingEveryMs, silenceMs, socketCloseMs } from "../limits.ts";

export type SocketEnd =
  /** It broke, or was closed as any socket may be: come back. */
  | { readonly kind: "lost"; readonly why: string }
  /** A newer session of this agent has taken over: stay away. */
  | { readonly kind: "replaced" }
  /** The queue does not want this agent: come back slowly. */
  | { readonly kind: "refused"; readonly why: string };

/** An open connection. */
export interface OpenSocket {
  /** Resolves when the frame has left; false when it can't any more. */
  send(text: string): Promise<boolean>;
  close(): void;
}

export interface SocketOptions {
  readonly url: string;
  /** The way out, if there is only one. */
  readonly upstream?: Upstream | undefined;
  readonly opened: (socket: OpenSocket) => void;
  readonly frame: (text: string) => void;
  /** Aborting it closes the connection. */
  readonly signal: AbortSignal;
}

/** Resolves when the connection has ended, or could not be made. */
export function holdSocket({ url, upstream, opened, frame, signal }: SocketOptions): Promise<SocketEnd> {
  return new Promise((resolve) => {
    const agent = upstream?.agentFor(new URL(url));
    const socket = new WebSocket(url, {
      ...(agent ? { agent } : {}),
      handshakeTimeout: connectMs,
      maxPayload: agentFrameBytesMax,
      perMessageDeflate: false,
    });
    let why = "the connection could not be made";
    let heard = true;
    let closing: NodeJS.Timeout | undefined;
    const pings = setInterval(() => {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    }, pingEveryMs);
    const watchdog = setInterval(() => {
      if (heard || socket.readyState !== WebSocket.OPEN) {
        heard = false;
        return;
      }
      why = `nothing came for ${silenceMs / 1000} s`;
      socket.terminate();
    }, silenceMs);
    const close = () => {
      socket.close(1000);
      closing ??= setTimeout(() => socket.terminate(), socketCloseMs);
    };
    const end = (ending: SocketEnd) => {
      clearInterval(pings);
      clearInterval(watchdog);
      clearTimeout(closing);
      signal.removeEventListener("abort", close);
      resolve(ending);
    };
    signal.addEventListener("abort", close, { once: true });
    if (signal.aborted) close();

    socket.on("open", () => {
      why = "the connection was closed";
      opened({ send: (text) => send(socket, text), close });
    });
    socket.on("message", (data, isBinary) => {
      heard = true;
      if (!isBinary) frame(data.toString());
    });
    socket.on("pong", () => {
      heard = true;
    });
    socket.on("error", (error) => {
      why = messageOf(error);
    });
    socket.on("unexpected-response", (_request, response) => {
      const status = response.statusCode ?? 0;
      void errorOf(response).then((sentence) => {
        const said = `${status}: ${sentence}`;
        end(status >= 500 || status === 429 ? { kind: "lost", why: said } : { kind: "refused", why: said });
        socket.terminate();
      });
    });
    socket.on("close", (code, reason) => {
      if (code === closeReplaced) return end({ kind: "replaced" });
      const said = v.safeParse(v.pipe(v.string(), v.minLength(1)), reason.toString());
      if (code === closeRefused) return end({ kind: "refused", why: said.success ? said.output : "no reason given" });
      end({ kind: "lost", why: said.success ? said.output : why });
    });
  });
}

function send(socket: WebSocket, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    if (socket.readyState !== WebSocket.OPEN) return resolve(false);
    socket.send(text, (error) => resolve(!error));
  });
}
