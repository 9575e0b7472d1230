// The agent: lends this host's Docker engine to queues. It owns the data folder, the network of its jobs and one session for
// each queue; the parts below it each own one thing.

import type { AgentId, QueueHash } from "../wire/ids.ts";
import { queueNameOfKey } from "../wire/keyedQueue.ts";
import { type DataDir, openDataDir } from "./dataDir.ts";
import { labels, refuseUnknownRuntime } from "./docker/container.ts";
import { DiskQuota } from "./docker/diskQuota.ts";
import { Engine } from "./docker/engine.ts";
import { type Containment, JobNetwork } from "./docker/network.ts";
import { messageOf } from "./fault.ts";
import { ContentCache } from "./files/cache.ts";
import { Images, type PullPolicy } from "./images/images.ts";
import { ImageRecords } from "./images/records.ts";
import { adopt } from "./job/adopt.ts";
import { defaultJobLimits, type JobLimits } from "./job/allowance.ts";
import { HeldJobs } from "./job/heldJobs.ts";
import { drainAnswerMs, engineCallMs, lastAnswerMs, shutdownGraceMs } from "./limits.ts";
import { type LogSink, withContext } from "./log.ts";
import { type Capacity, capacityOf, Ledger, type Lent } from "./queue/capacity.ts";
import { QueueDesk } from "./queue/queueDesk.ts";
import { Session } from "./queue/session.ts";
import { Spool } from "./queue/spool.ts";
import { settledWithin, within } from "./retry.ts";
import type { World } from "./world.ts";

/** What agents call themselves in a hello. */
export const agentVersion = "0.1.0";

export interface AgentOptions extends Containment {
  /** Names of queues, which are credentials: never logged. */
  readonly queues: readonly string[];
  /** Where the control plane answers: an origin, http or https. */
  readonly api: string;
  readonly dataDir: string;
  /** What this host lends to all queues together. */
  readonly capacity: Lent;
  /** Whether the queues are the operator's own: then every image of this host may be used. */
  readonly trusted: boolean;
  /** Names of images that may be used although they may be private. */
  readonly allowImages?: readonly string[];
  /** When registries are asked for images; only for those that are not here if nothing is said. */
  readonly pull?: PullPolicy;
  /** Where the logins to registries are, if not where Docker's own tools look. */
  readonly loginFolder?: string;
  /** Address ranges that inputs may be read from although they are not public. */
  readonly allowRanges?: readonly string[];
  /** What one job may use at most, beside what `capacity` says. */
  readonly limits?: Partial<JobLimits>;
  readonly name?: string;
  /** What the agent's identity is the hash of; without it one is kept in the data folder. */
  readonly secret?: string;
  /** Each is shown only to the queue that is named after its hash. */
  readonly keys?: readonly string[];
  /** Begin as a new agent: what the folder's former one left on the host is removed. */
  readonly newIdentity?: boolean;
  readonly log: LogSink;
  readonly world: World;
  readonly engine?: Engine;
}

export interface RunningAgent {
  readonly id: AgentId;
  /** How many attempts it holds. */
  readonly held: () => number;
  /** Whether every queue has welcomed it and is connected. */
  readonly connected: () => boolean;
  /** Resolves when all sessions have ended: after a stop, or when newer sessions of this agent have replaced them. */
  readonly ended: Promise<void>;
  /**
   * Ends the agent. With `drain` it takes no more jobs and finishes what runs; without, it stops everything and gives the jobs
   * back. May be called again, to cut a drain short. Resolves when nothing of it is left on the host.
   */
  readonly stop: (how: { readonly drain: boolean }) => Promise<void>;
}

/** @throws LockedError, or an Error with a sentence when no Docker engine answers. */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const engine = options.engine ?? new Engine();
  const machine = await engine.info().catch((cause: unknown) => {
    throw new Error(
      `No Docker engine answers (${messageOf(cause)}). Is one installed and running, and may this user use it?`,
      { cause },
    );
  });
  const { secret, newIdentity = false, world, capacity: lent } = options;
  refuseUnknownRuntime(options.runtime, machine.runtimes);
  const data = await openDataDir(
    options.dataDir,
    { ...(secret === undefined ? {} : { secret }), newIdentity },
    world.newId,
  );
  try {
    const capacity = capacityOf(lent, machine);
    return await begin({ ...options, capacity, log: withContext(options.log, { agent: data.agent }) }, engine, data);
  } catch (error) {
    data.unlock();
    throw error;
  }
}

type SettledOptions = AgentOptions & { readonly capacity: Capacity };

async function begin(options: SettledOptions, engine: Engine, data: DataDir): Promise<RunningAgent> {
  const { world, log, api, capacity, trusted, name } = options;
  const { agent, jobs, jobCaches } = data;
  const guard = { allowRanges: options.allowRanges ?? [] };
  const spool = await Spool.open(data.spool, world);
  const cache = await ContentCache.open(data.cache, world.newId);
  const images = new Images({
    engine,
    records: await ImageRecords.open(data.path, world),
    guard,
    trusted,
    allowImages: options.allowImages ?? [],
    pull: options.pull ?? "missing",
    loginFolder: options.loginFolder,
    world,
  });
  const network = new JobNetwork({ ...options, engine, agent, slots: capacity.slots });
  const startLimit = within(engineCallMs);
  if (data.former !== undefined) await forgetAgent(data.former, { engine, world, log }, startLimit);
  const adopted = await adopt({ engine, agent, jobs, spool, log }, startLimit);
  await network.open(startLimit);

  const sessions: Session[] = [];
  const changed = (but?: QueueHash) => {
    for (const session of sessions) if (but === undefined || session.queue !== but) session.changed();
  };
  const ledger = new Ledger(capacity);
  const { memoryBytes, maxDurationMs } = capacity;
  const limits = { memoryBytes, maxDurationMs, ...defaultJobLimits, ...options.limits };
  const held = new HeldJobs({
    tools: {
      engine,
      world,
      agent,
      api,
      jobs,
      jobCaches,
      cache,
      images,
      network,
      guard,
      limits,
      quota: new DiskQuota(),
      runtime: options.runtime,
      log,
    },
    ledger,
    spool,
    changed,
    // A queue that this process does not serve is sent nothing; if it is served again, it gets the result.
    sessionOf: (queue) => sessions.find((session) => session.queue === queue),
    allKnown: () => Promise.all(sessions.map((session) => session.known)),
  });
  for (const one of adopted) held.readopt(one);
  const host = new QueueDesk({ ledger, jobs: held, spool, log, changed: () => changed() });
  const boot = world.newId();
  const shared = { api, secret: data.secret, version: agentVersion, boot, world, host, log };
  const personal = name === undefined ? {} : { name };
  for (const queueName of options.queues) {
    const key = options.keys?.find((one) => queueNameOfKey(one) === queueName);
    sessions.push(new Session({ ...shared, ...personal, ...(key === undefined ? {} : { key }), queueName }));
  }
  log({ event: "agent started", slots: capacity.slots, queues: sessions.length });
  return new Life({ options, data, ledger, held, spool, sessions, network });
}

/** Removes what an agent that will not come back has left on this host. */
async function forgetAgent(
  agent: AgentId,
  { engine, world, log }: Pick<AgentOptions, "world" | "log"> & { readonly engine: Engine },
  signal: AbortSignal,
): Promise<void> {
  for (const { Id } of await engine.list(`${labels.agent}=${agent}`, signal)) await engine.remove(Id, signal);
  await new JobNetwork({ engine, agent, slots: 1, world, log }).remove(signal);
}

interface LifeParts {
  readonly options: AgentOptions;
  readonly data: DataDir;
  readonly ledger: Ledger;
  readonly held: HeldJobs;
  readonly spool: Spool;
  readonly sessions: readonly Session[];
  readonly network: JobNetwork;
}

/** The agent's sessions and its end. */
class Life implements RunningAgent {
  readonly id: AgentId;
  readonly ended: Promise<void>;
  readonly #parts: LifeParts;
  readonly #closing = new AbortController();
  #ending: Promise<void> | undefined;
  #cancelling: Promise<void> | undefined;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.id = parts.data.agent;
    this.ended = Promise.all(parts.sessions.map((session) => session.run(this.#closing.signal))).then(() => {});
  }

  held = (): number => this.#parts.held.size;

  connected = (): boolean => this.#parts.sessions.every((session) => session.connected);

  stop = async ({ drain }: { readonly drain: boolean }): Promise<void> => {
    const { ledger, held, sessions, options } = this.#parts;
    if (this.#ending === undefined) options.log({ event: "agent stopping", drain });
    ledger.close();
    for (const session of sessions) session.changed();
    if (!drain) this.#cancelling ??= held.stopAll("The agent is stopping.", shutdownGraceMs);
    this.#ending ??= this.#end(drain);
    await this.#ending;
  };

  async #end(drain: boolean): Promise<void> {
    const { held, sessions, spool, network, data, options } = this.#parts;
    await held.idle();
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
    await network.remove(within(engineCallMs)).catch((error: unknown) => {
      // It is used again by the next start, or shared with a container that somebody attached by hand.
      options.log({ event: "network not removed", level: "warn", message: messageOf(error) });
    });
    data.unlock();
    options.log({ event: "agent stopped" });
  }
}
