// The client socket of one queue: opened, kept alive, and opened again until it is closed for good. It carries text and
// knows nothing of jobs.

import { type ReadonlySignal, signal } from "@preact/signals";
import { pingText, pongText } from "../../wire/clientMessages.ts";
import { pingEveryMs } from "../../wire/limits.ts";
import { type Clock, retryDelayMs } from "../clock.ts";
import { connectTimeoutMs, pongTimeoutMs, reconnectDelayMsFirst, reconnectDelayMsMax } from "../limits.ts";

export type Connection =
  | { readonly kind: "none" }
  | { readonly kind: "connecting" }
  | { readonly kind: "open" }
  | { readonly kind: "offline"; readonly since: number; readonly retryAt: number };

/** One attempt at a connection. `closed` is called once, however it ends. */
export type OpenWire = (
  url: string,
  on: { readonly opened: () => void; readonly text: (text: string) => void; readonly closed: () => void },
) => { send(text: string): void; close(): void };

export interface SocketShell {
  readonly open: OpenWire;
  readonly clock: Clock;
  readonly random: () => number;
}

export interface QueueSocket {
  readonly connection: ReadonlySignal<Connection>;
  /** False when there is no connection: whoever sends decides what to repeat once there is. */
  send(text: string): boolean;
  retryNow(): void;
  close(): void;
}

export function openQueueSocket(
  url: string,
  shell: SocketShell,
  on: { opened(): void; text(text: string): void },
): QueueSocket {
  const { clock } = shell;
  const connection = signal<Connection>({ kind: "connecting" });
  let wire: ReturnType<OpenWire> | undefined;
  let failures = 0;
  let lostAt: number | undefined;
  let isClosed = false;
  // One timer is enough: opening, alive (the next ping or the missing pong) and waiting never overlap.
  let calledOff = () => {};
  const later = (ms: number, then: () => void) => {
    calledOff();
    calledOff = clock.after(ms, then);
  };

  const connect = () => {
    connection.value = { kind: "connecting" };
    let isCurrent = true;
    const end = () => {
      if (!isCurrent) return;
      isCurrent = false;
      lost();
    };
    const ping = (current: ReturnType<OpenWire>) => {
      current.send(pingText);
      later(pongTimeoutMs, () => {
        current.close();
        end();
      });
    };
    const opening = shell.open(url, {
      opened() {
        if (!isCurrent) return;
        wire = opening;
        failures = 0;
        lostAt = undefined;
        connection.value = { kind: "open" };
        ping(opening);
        on.opened();
      },
      text(text) {
        if (!isCurrent) return;
        if (text === pongText) later(pingEveryMs, () => ping(opening));
        else on.text(text);
      },
      closed: end,
    });
    later(connectTimeoutMs, () => {
      opening.close();
      end();
    });
    closeCurrent = () => {
      isCurrent = false;
      opening.close();
    };
  };
  let closeCurrent = () => {};

  const lost = () => {
    wire = undefined;
    if (isClosed) return;
    const now = clock.now();
    lostAt ??= now;
    const delay = retryDelayMs(failures++, reconnectDelayMsFirst, reconnectDelayMsMax, shell.random);
    connection.value = { kind: "offline", since: lostAt, retryAt: now + delay };
    later(delay, connect);
  };

  connect();
  return {
    connection,
    send(text) {
      if (!wire) return false;
      wire.send(text);
      return true;
    },
    retryNow() {
      if (!isClosed && connection.value.kind === "offline") connect();
    },
    close() {
      isClosed = true;
      calledOff();
      closeCurrent();
      wire = undefined;
    },
  };
}
