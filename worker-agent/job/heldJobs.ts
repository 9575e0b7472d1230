// The attempts that this agent holds: started once, stopped once, reported into the spool, and forgotten when nothing of them
// is left. What they take is in the ledger as long as they may use it.

import type { Held, StopReason } from "../../wire/agentMessages.ts";
import type { JobDefinition } from "../../wire/definition.ts";
import type { JobId, QueueHash } from "../../wire/ids.ts";
import { Stopped } from "../fault.ts";
import { engineLossesKeptMax, engineLossesMax, stopGraceMs } from "../limits.ts";
import { type LogSink, shortQueue, withContext } from "../log.ts";
import { frameOf, linesFrame, progressFrame, sealedFrame } from "../queue/attemptFrames.ts";
import type { Ledger } from "../queue/capacity.ts";
import type { Session } from "../queue/session.ts";
import type { Spool } from "../queue/spool.ts";
import type { Adopted } from "./adopt.ts";
import { runJob, type Uplink } from "./job.ts";
import type { JobTask, JobTools } from "./prepare.ts";

export interface HeldJobsOptions {
  readonly tools: JobTools;
  readonly ledger: Ledger;
  readonly spool: Spool;
  /** Undefined for a queue that is not served, or not known yet to be. */
  readonly sessionOf: (queue: QueueHash) => Session | undefined;
  /** Resolves when every session knows its queue. */
  readonly allKnown: () => Promise<unknown>;
  /** The engine went away: whether it is back is asked at once. */
  readonly engineLost: () => void;
  /** Something that every queue, or every other queue, should know has changed. */
  readonly changed: (but?: QueueHash) => void;
}

type StartTask = Held & { queue: QueueHash; definition: JobDefinition; origins: readonly string[] };

interface Entry {
  readonly task: JobTask;
  readonly since: number;
  readonly controller: AbortController;
  /** Why it goes back to its queue when nothing of it is left. */
  givingBack?: string;
}

export class HeldJobs {
  readonly #options: HeldJobsOptions;
  readonly #held = new Map<string, Entry>();
  /** Taken, and waiting for an attempt that is being stopped to leave its place. */
  readonly #awaiting = new Map<string, StartTask>();
  /** Everything that is not cleaned up yet, held or already reported. */
  readonly #running = new Set<Promise<void>>();
  /** How often the engine went away with a job. One that does that to every engine must end some day. */
  readonly #lost = new Map<JobId, number>();
  #givingBack: string | undefined;

  constructor(options: HeldJobsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size + this.#awaiting.size;
  }

  of(queue: QueueHash): readonly Held[] {
    return [...[...this.#held.values()].map(({ task }) => task), ...this.#awaiting.values()]
      .filter((task) => task.queue === queue)
      .map(({ job, attempt }) => ({ job, attempt }));
  }

  /** All of them, with the time in ms since which this process has them. */
  list(): readonly (Held & { readonly queue: QueueHash; readonly since: number })[] {
    return [...this.#held.values()].map(({ task: { queue, job, attempt }, since }) => ({ queue, job, attempt, since }));
  }

  has(queue: QueueHash, held: Held): boolean {
    const key = keyOf(queue, held);
    return this.#held.has(key) || this.#awaiting.has(key);
  }

  /** Starts an attempt, or says why not. */
  start(task: StartTask): string | undefined {
    const share = this.#options.ledger.take(task.queue, task.definition);
    if (typeof share !== "string") this.#begin({ ...task, share });
    // What is being stopped leaves its place within seconds; its queue has ended it and counts the place as free.
    else if (this.#isStopping()) this.#awaiting.set(keyOf(task.queue, task), task);
    else return share;
    return undefined;
  }

  #isStopping(): boolean {
    return [...this.#held.values()].some(({ controller }) => controller.signal.aborted);
  }

  /** A place is free: those who wait for one get it, or go back if none is about to be. */
  #startAwaiting(): void {
    for (const [key, task] of this.#awaiting) {
      const share = this.#options.ledger.take(task.queue, task.definition);
      if (typeof share === "string" && this.#isStopping()) continue;
      this.#awaiting.delete(key);
      if (typeof share === "string") this.#giveBack(task, share);
      else this.#begin({ ...task, share });
    }
  }

  #giveBack({ queue, job, attempt }: StartTask, why: string): void {
    this.#options.sessionOf(queue)?.giveBack({ job, attempt }, why);
  }

  /** Goes on with what an earlier process began. */
  readopt(adopted: Adopted): void {
    const { record } = adopted;
    const share = this.#options.ledger.readopt(record.queue, record.definition, record.gpus);
    this.#begin({ ...record, share, adopted });
  }

  /** The queue does not want the attempt any more. */
  stop(queue: QueueHash, held: Held, reason: StopReason): void {
    const key = keyOf(queue, held);
    this.#awaiting.delete(key);
    this.#held.get(key)?.controller.abort(new Stopped(reason, stopGraceMs));
  }

  /** Ends all attempts without a report and gives them back to their queues. Resolves when nothing of them is left. */
  async stopAll(why: string, graceMs: number): Promise<void> {
    this.#givingBack = why;
    for (const task of this.#awaiting.values()) this.#giveBack(task, why);
    this.#awaiting.clear();
    for (const { controller } of this.#held.values()) controller.abort(new Stopped(why, graceMs));
    await this.idle();
  }

  /** Resolves when nothing is held and nothing is left of what was. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #begin(task: JobTask): void {
    const { tools, sessionOf, changed } = this.#options;
    const { queue, job, attempt } = task;
    const key = keyOf(queue, task);
    const controller = new AbortController();
    const log = withContext(tools.log, { queue: shortQueue(queue), job, attempt });
    log({ event: task.adopted ? "job resumed" : "job started" });
    const done = runJob(task, { ...tools, log }, this.#uplink(task, log), controller.signal).finally(() => {
      this.#running.delete(done);
      const why = this.#givingBack ?? this.#held.get(key)?.givingBack;
      if (why !== undefined && this.#held.has(key)) sessionOf(queue)?.giveBack({ job, attempt }, why);
      this.#forget(task);
    });
    this.#running.add(done);
    this.#held.set(key, { task, since: tools.world.now(), controller });
    // Its own queue knows what it has ordered.
    changed(queue);
  }

  #uplink(task: JobTask, log: LogSink): Uplink {
    const { sessionOf, spool } = this.#options;
    const { queue, job, attempt } = task;
    const held = { job, attempt };
    return {
      // Only news: what is not told now is told by the next one.
      progress: (phase, note) => void sessionOf(queue)?.tell(progressFrame(held, phase, note)),
      resources: (limits, sample) =>
        void sessionOf(queue)?.tell(frameOf({ type: "resources", ...held, limits, samples: [sample] })),
      log: {
        connection: () => sessionOf(queue)?.connection,
        watch: (connected) => this.#watch(queue, connected),
        lines: async (batch) => (await sessionOf(queue)?.tell(linesFrame(held, batch))) === true,
        sealed: async (piece) => (await sessionOf(queue)?.tell(sealedFrame(held, piece))) === true,
      },
      upload: async (step, signal) => {
        if (!sessionOf(queue)) await this.#options.allKnown();
        const session = sessionOf(queue);
        if (!session) throw new Error("This agent no longer serves the queue that it would upload for.");
        return session.ask(step, signal);
      },
      engineLost: (why) => this.#engineLost(task, why),
      finished: async (finish) => {
        const why = await spool.put(queue, finish);
        if (why !== undefined) log({ event: "finish only in memory", level: "warn", message: why });
        log({ event: "job finished", reason: finish.reason, statusCode: finish.statusCode, message: finish.error });
        this.#forget(task);
      },
    };
  }

  #engineLost({ queue, job, attempt }: JobTask, why: string): boolean {
    this.#options.engineLost();
    const entry = this.#held.get(keyOf(queue, { job, attempt }));
    const times = (this.#lost.get(job) ?? 0) + 1;
    if (this.#lost.size >= engineLossesKeptMax) this.#lost.clear();
    this.#lost.set(job, times);
    if (!entry || times >= engineLossesMax) return false;
    entry.givingBack = why;
    return true;
  }

  /** An adopted job may print before any session knows which queue it serves. */
  #watch(queue: QueueHash, connected: () => void): () => void {
    const { sessionOf, allKnown } = this.#options;
    const session = sessionOf(queue);
    if (session) return session.watch(connected);
    let unwatch = () => {};
    let isWanted = true;
    void allKnown().then(() => {
      const known = sessionOf(queue);
      if (!known || !isWanted) return;
      unwatch = known.watch(connected);
      connected();
    });
    return () => {
      isWanted = false;
      unwatch();
    };
  }

  /** Reported and gone, or only gone: whichever comes first frees its place. */
  #forget({ queue, job, attempt, share }: JobTask): void {
    if (!this.#held.delete(keyOf(queue, { job, attempt }))) return;
    this.#options.ledger.release(share);
    this.#startAwaiting();
    this.#options.changed();
  }
}

function keyOf(queue: QueueHash, { job, attempt }: Held): string {
  return `${queue}/${job}/${attempt}`;
}
