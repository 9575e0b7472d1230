// Ending a running container: TERM, some time, KILL.

import { killMs } from "../limits.ts";
import { settledWithin, within } from "../retry.ts";
import type { Engine } from "./engine.ts";

/**
 * Resolves when the container has ended. A process with id 1 that has no handler for TERM never sees it, and waiting for it
 * would be waiting for nothing: it is killed at once.
 */
export async function stopContainer(engine: Engine, id: string, graceMs: number): Promise<void> {
  const signal = within(graceMs + killMs);
  const ended = engine.wait(id, graceMs + killMs, signal);
  ended.catch(() => {});
  if (graceMs > 0 && (await handlesTerm(engine, id, signal))) {
    if (!(await engine.kill(id, "SIGTERM", signal))) return;
    if ((await settledWithin(ended, graceMs)) !== undefined) return;
  }
  if (!(await engine.kill(id, "SIGKILL", signal))) return;
  await ended;
}

const termBit = 1n << 14n;

/** Whether the container's first process catches TERM. True when that can't be found out: the grace costs only time. */
async function handlesTerm(engine: Engine, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    const [state, { Titles, Processes }] = await Promise.all([
      engine.inspect(id, signal),
      engine.top(id, "-eo pid,caught", signal),
    ]);
    const pid = Titles.indexOf("PID");
    const caught = Titles.indexOf("CAUGHT");
    const first = Processes.find((process) => process[pid] === String(state?.State.Pid));
    const mask = first?.[caught];
    return mask === undefined || !/^[0-9a-f]+$/i.test(mask) || (BigInt(`0x${mask}`) & termBit) !== 0n;
  } catch {
    // An engine host without procps can't say; a container that has ended meanwhile is noticed by the kill that follows.
    return true;
  }
}
