// What the sessions of all queues ask of the agent: what it offers and holds, and whether it takes an attempt.

import type { FinishAnswer, Held, Offer, Start, StopReason } from "../../wire/agentMessages.ts";
import { checkDefinition } from "../../wire/definition.ts";
import type { QueueHash } from "../../wire/ids.ts";
import { messageOf } from "../fault.ts";
import { errorFinish } from "../job/finish.ts";
import type { HeldJobs } from "../job/heldJobs.ts";
import { type LogSink, shortQueue } from "../log.ts";
import type { Ledger } from "./capacity.ts";
import type { SessionHost, Welcome } from "./sessionHost.ts";
import type { Spool, SpooledFinish } from "./spool.ts";

export interface QueueDeskParts {
  readonly ledger: Ledger;
  readonly jobs: HeldJobs;
  readonly spool: Spool;
  readonly log: LogSink;
  readonly changed: () => void;
}

export class QueueDesk implements SessionHost {
  readonly #parts: QueueDeskParts;

  constructor(parts: QueueDeskParts) {
    this.#parts = parts;
  }

  offer(queue: QueueHash | undefined): Offer {
    return this.#parts.ledger.offer(queue);
  }

  holds(queue: QueueHash): readonly Held[] {
    return this.#parts.jobs.of(queue);
  }

  finishes(queue: QueueHash): readonly SpooledFinish[] {
    return this.#parts.spool.finishes(queue);
  }

  start({ queue, origins }: Welcome, { job, attempt, definition }: Start): string | undefined {
    const { jobs, spool, log } = this.#parts;
    const held = { job, attempt };
    if (jobs.has(queue, held) || spool.has(queue, held)) return undefined;
    const checked = checkDefinition(definition);
    if (checked.ok && checked.value.id === job) {
      const why = jobs.start({ ...held, queue, origins, definition: checked.value.definition });
      if (why !== undefined) log({ event: "job declined", queue: shortQueue(queue), ...held, message: why });
      return why;
    }
    const fault = checked.ok ? "It is not the one that the job's id names." : checked.error;
    this.#refuse(queue, held, `The agent can't run this definition. ${fault}`);
    return undefined;
  }

  stop(queue: QueueHash, held: Held, reason: StopReason): void {
    this.#parts.jobs.stop(queue, held, reason);
  }

  answered(queue: QueueHash, { job, attempt, outcome, why }: FinishAnswer): void {
    const { spool, log } = this.#parts;
    log({ event: "finish answered", queue: shortQueue(queue), job, attempt, outcome, message: why });
    spool.drop(queue, { job, attempt }).catch((error: unknown) => {
      // It is sent once more after the next start, and answered "already".
      log({ event: "spool not cleared", level: "warn", job, attempt, message: messageOf(error) });
    });
  }

  /** Finishes an attempt that never begins. */
  #refuse(queue: QueueHash, held: Held, sentence: string): void {
    const { spool, log, changed } = this.#parts;
    log({ event: "job refused", queue: shortQueue(queue), ...held, message: sentence });
    const finish = errorFinish({ held, end: undefined, sentence, log: { logs: [], pieces: [] }, phases: [] });
    void spool.put(queue, { ...finish, pieces: [] }).then(changed);
  }
}
