// A socket shell for tests: time moves when it is told to, and the test plays the server.

import type { SocketShell } from "./socket.ts";

export interface FakeShell extends SocketShell {
  /** Every connection that was attempted, in order. */
  readonly connections: readonly FakeConnection[];
  advance(ms: number): void;
}

export interface FakeConnection {
  readonly url: string;
  readonly sent: readonly string[];
  readonly isClosed: () => boolean;
  open(): void;
  receive(frame: unknown): void;
  drop(): void;
}

export function fakeShell(random = () => 1): FakeShell {
  const connections: FakeConnection[] = [];
  const timers = new Set<{ readonly at: number; readonly then: () => void }>();
  let now = 1_000_000;
  return {
    connections,
    random,
    clock: {
      now: () => now,
      after(ms, then) {
        const timer = { at: now + ms, then };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    },
    open(url, on) {
      const sent: string[] = [];
      let isClosed = false;
      const drop = () => {
        isClosed = true;
        on.closed();
      };
      connections.push({
        url,
        sent,
        isClosed: () => isClosed,
        open: on.opened,
        receive: (frame) => on.text(typeof frame === "string" ? frame : JSON.stringify(frame)),
        drop,
      });
      return { send: (text) => sent.push(text), close: drop };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers.delete(due);
        now = Math.max(now, due.at);
        due.then();
      }
      now = end;
    },
  };
}
