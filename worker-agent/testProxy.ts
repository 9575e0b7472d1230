// For the tests of this folder: a way to a server (the engine's socket, the control plane) on which single requests can be
// held, and which can fall silent as a network does that is only half there.

import { connect, createServer, type NetConnectOpts, type Socket } from "node:net";

export interface TestProxy {
  readonly port: number;
  /** From now on requests that match are not passed on. Resolves with the first of them, its method and path. */
  hold(wanted: (request: string) => boolean | Promise<boolean>): Promise<string>;
  /** What is connected now stays so, and nothing passes any more; new connections are as ever. */
  fallSilent(): void;
  /** Breaks every connection, with what is held. */
  cut(): void;
  close(): Promise<void>;
}

interface Line {
  readonly near: Socket;
  readonly far: Socket;
  silent: boolean;
}

/** Listens on a path if one is given, else on a free port of loopback. */
export async function startProxy(to: NetConnectOpts, path?: string): Promise<TestProxy> {
  const lines = new Set<Line>();
  let wanted: (request: string) => boolean | Promise<boolean> = () => false;
  let held = Promise.withResolvers<string>();
  const server = createServer((near) => {
    const line: Line = { near, far: connect(to), silent: false };
    lines.add(line);
    const end = () => {
      if (line.silent) return;
      near.destroy();
      line.far.destroy();
      lines.delete(line);
    };
    for (const socket of [near, line.far]) socket.on("error", end).on("close", end);
    near.on("data", (chunk) => {
      const request = /^(?:GET|HEAD|PUT|POST|DELETE) \S+/.exec(chunk.toString("latin1"))?.[0];
      if (request === undefined) return pass(line, line.far, chunk);
      near.pause();
      void (async () => {
        const stop = await wanted(request);
        if (stop) return held.resolve(request);
        pass(line, line.far, chunk);
        near.resume();
      })();
    });
    line.far.on("data", (chunk) => pass(line, near, chunk));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (path === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(path, resolve);
  });
  const address = server.address();
  const cut = () => {
    for (const { near, far } of lines) {
      near.destroy();
      far.destroy();
    }
    lines.clear();
  };
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    hold: (what) => {
      wanted = what;
      held = Promise.withResolvers();
      return held.promise;
    },
    fallSilent: () => {
      for (const line of lines) line.silent = true;
    },
    cut: () => {
      wanted = () => false;
      cut();
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pass({ silent }: Line, to: Socket, chunk: Buffer): void {
  if (!silent) to.write(chunk);
}
