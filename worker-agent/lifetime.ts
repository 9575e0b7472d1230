// An agent's life after its start: how long it serves, what it says of itself meanwhile, and its end.

import type { AgentId } from "../wire/ids.ts";
import { agentVersion, type SettledOptions } from "./agentOptions.ts";
import type { DataDir } from "./dataDir.ts";
import type { Engine } from "./docker/engine.ts";
import { EngineWatch } from "./docker/engineWatch.ts";
import type { JobNetwork } from "./docker/network.ts";
import { messageOf } from "./fault.ts";
import type { House } from "./housekeeping/house.ts";
import { Housekeeper } from "./housekeeping/housekeeper.ts";
import type { HeldJobs } from "./job/heldJobs.ts";
import { drainAnswerMs, engineCallMs, lastAnswerMs, shutdownGraceMs } from "./limits.ts";
import type { Parking } from "./parked/parking.ts";
import { PauseWatch } from "./pause.ts";
import type { Ledger, Shutter } from "./queue/capacity.ts";
import type { Session } from "./queue/session.ts";
import type { Spool } from "./queue/spool.ts";
import { settledWithin, within } from "./retry.ts";
import { ServiceTime } from "./serviceTime.ts";
import type { AgentStatus } from "./status.ts";

/** How it ended: as it was told to, or because newer sessions of this agent have taken over every queue. */
export type Ending = "stopped" | "replaced";

export interface RunningAgent {
  readonly id: AgentId;
  /** How many attempts it holds. */
  readonly held: () => number;
  /** Whether every queue has welcomed it and is connected. */
  readonly connected: () => boolean;
  /** Resolves when all sessions have ended: after a stop, or when newer sessions of this agent have replaced them. */
  readonly ended: Promise<Ending>;
  readonly status: () => AgentStatus;
  /**
   * Ends the agent. With `drain` it takes no more jobs and finishes what runs; without, it stops everything and gives the jobs
   * back. May be called again, to cut a drain short. Resolves when nothing of it is left on the host.
   */
  readonly stop: (how: { readonly drain: boolean }) => Promise<void>;
}

interface LifetimeParts {
  readonly options: SettledOptions;
  readonly data: DataDir;
  readonly engine: Engine;
  readonly ledger: Ledger;
  readonly held: HeldJobs;
  readonly spool: Spool;
  readonly sessions: readonly Session[];
  readonly network: JobNetwork;
  readonly house: House;
  readonly parking: Parking;
}

export class Lifetime implements RunningAgent {
  readonly id: AgentId;
  readonly ended: Promise<Ending>;
  readonly #parts: LifetimeParts;
  readonly #startedAt: number;
  readonly #closing = new AbortController();
  readonly #pause: PauseWatch;
  readonly #engineWatch: EngineWatch;
  readonly #housekeeper: Housekeeper;
  readonly #serviceTime: ServiceTime;
  #ending: Promise<void> | undefined;
  #cancelling: Promise<void> | undefined;

  private constructor(parts: LifetimeParts, pause: PauseWatch) {
    const { options, data, engine, ledger, held } = parts;
    const { maxJobs, idleExitMs, world, log } = options;
    this.#parts = parts;
    this.#pause = pause;
    this.#startedAt = world.now();
    this.id = data.agent;
    this.#engineWatch = new EngineWatch({ engine, log, changed: (sentence) => this.#shut("engine", sentence) });
    this.#housekeeper = new Housekeeper({ ...parts.house, changed: (sentence) => this.#shut("disk", sentence) });
    if (maxJobs !== undefined) ledger.allow(maxJobs);
    this.#serviceTime = new ServiceTime({
      idleExitMs,
      busy: () => held.size > 0,
      exhausted: () => ledger.exhausted,
      over: (why) => {
        log({ event: "agent done", message: why });
        this.stop({ drain: true }).catch((error: unknown) => {
          log({ event: "agent not stopped", level: "error", message: messageOf(error) });
        });
      },
    });
    options.statusFile.begin(this.status);
    const runs = parts.sessions.map((session) => session.run(this.#closing.signal));
    this.ended = Promise.all(runs).then((ends) => (ends.every((end) => end === "replaced") ? "replaced" : "stopped"));
  }

  static async begin(parts: LifetimeParts): Promise<Lifetime> {
    const { options, data, ledger } = parts;
    // A paused agent is paused from its first word on.
    const shut = (sentence: string | undefined) => setShut(ledger, "paused", sentence);
    let tell = shut;
    const { world, log } = options;
    const pause = await PauseWatch.begin({ dataDir: data.path, world, log, changed: (sentence) => tell(sentence) });
    const life = new Lifetime(parts, pause);
    tell = (sentence) => life.#shut("paused", sentence);
    return life;
  }

  /** Jobs have come or gone. */
  jobsChanged(): void {
    this.#serviceTime.look();
  }

  /** Somebody could not reach the engine. */
  engineLost(): void {
    void this.#engineWatch.look();
  }

  held = (): number => this.#parts.held.size;

  connected = (): boolean => this.#parts.sessions.every((session) => session.connected);

  status = (): AgentStatus => {
    const { options, ledger, held, sessions, spool } = this.#parts;
    const { capacity, counters, name = "" } = options;
    const note = ledger.note;
    return {
      agent: this.id,
      name,
      version: agentVersion,
      startedAt: this.#startedAt,
      state: this.#ending !== undefined ? "stopping" : note === undefined ? "serving" : "waiting",
      ...(note === undefined ? {} : { note }),
      engine: this.#engineWatch.answers,
      capacity,
      slotsUsed: ledger.used,
      held: held.list(),
      queues: sessions.map(({ queue, connected }) => ({ queue, connected })),
      unsent: spool.size,
      counts: counters.all(),
    };
  };

  stop = async ({ drain }: { readonly drain: boolean }): Promise<void> => {
    const { held, options } = this.#parts;
    if (this.#ending === undefined) options.log({ event: "agent stopping", drain });
    this.#shut("stopping", "It is stopping.");
    if (!drain) this.#cancelling ??= held.stopAll("The agent is stopping.", shutdownGraceMs);
    this.#ending ??= this.#end(drain);
    await this.#ending;
  };

  /** Takes no more jobs while there is a sentence that says why. */
  #shut(by: Shutter, sentence: string | undefined): void {
    setShut(this.#parts.ledger, by, sentence);
    for (const session of this.#parts.sessions) session.changed();
  }

  async #end(drain: boolean): Promise<void> {
    const { held, sessions, spool, network, parking, data, options, engine } = this.#parts;
    this.#serviceTime.close();
    await Promise.all([held.idle(), parking.close()]);
    await Promise.all(
      sessions.map(async (session) => {
        const { queue } = session;
        const nothingUnsaid = () => queue === undefined || spool.finishes(queue).length === 0;
        // A queue that is away hears of a stop when the lease ends; a drain has time to wait for it.
        if (!session.connected && (!drain || nothingUnsaid())) return;
        await settledWithin(session.answered(nothingUnsaid), drain ? drainAnswerMs : lastAnswerMs);
      }),
    );
    this.#closing.abort();
    await this.ended;
    this.#pause.close();
    this.#engineWatch.close();
    await this.#housekeeper.close();
    await options.statusFile.close();
    await engine.leftovers.retry(options.log);
    await network.remove(within(engineCallMs)).catch((error: unknown) => {
      // It is used again by the next start, or shared with a container that somebody attached by hand.
      options.log({ event: "network not removed", level: "warn", message: messageOf(error) });
    });
    data.unlock();
    options.log({ event: "agent stopped" });
  }
}

function setShut(ledger: Ledger, by: Shutter, sentence: string | undefined): void {
  if (sentence === undefined) ledger.open(by);
  else ledger.shut(by, sentence);
}
