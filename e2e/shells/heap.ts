// How much memory a Worker holds, told by workerd's debugger. Garbage is collected first: it doesn't count.

import * as v from "valibot";
import { WebSocket } from "ws";
import { Inbox } from "../clients/inbox.ts";
import { startMs } from "../limits.ts";
import type { Program } from "./program.ts";

export interface Heap {
  bytes(): Promise<number>;
  close(): void;
}

const Listening = v.object({ event: v.literal("listen-inspector"), port: v.number() });
const Targets = v.tupleWithRest([v.object({ webSocketDebuggerUrl: v.string() })], v.unknown());
const Usage = v.object({ usedSize: v.number(), backingStorageSize: v.number() });
const Answer = v.object({ id: v.number(), result: v.unknown() });

export async function openHeap(program: Program): Promise<Heap> {
  const port = await program.control.find("the port of workerd's debugger", portOf, { limitMs: startMs });
  const [target] = v.parse(Targets, await (await fetch(`http://127.0.0.1:${port}/json/list`)).json());
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  const answers = new Inbox<v.InferOutput<typeof Answer>>();
  socket.on("message", (data) => {
    const answer = v.safeParse(Answer, JSON.parse(String(data)));
    if (answer.success) answers.push(answer.output);
  });
  socket.on("error", (error) => answers.close(String(error)));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  let asked = 0;
  const ask = (method: string) => {
    const id = ++asked;
    const from = answers.all.length;
    socket.send(JSON.stringify({ id, method }));
    return answers.find(`the answer to ${method}`, (answer) => (answer.id === id ? answer : undefined), { from });
  };
  // workerd's debugger may never answer one whose first question is to collect garbage.
  await ask("Runtime.enable");
  return {
    bytes: async () => {
      await ask("HeapProfiler.collectGarbage");
      const { usedSize, backingStorageSize } = v.parse(Usage, (await ask("Runtime.getHeapUsage")).result);
      return usedSize + backingStorageSize;
    },
    close: () => socket.close(),
  };
}

function portOf(line: string): number | undefined {
  const parsed = v.safeParse(Listening, JSON.parse(line));
  return parsed.success ? parsed.output.port : undefined;
}
