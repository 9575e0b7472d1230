// The agent: lends this host's Docker engine to queues. It owns the data folder, the network of its jobs and one session for
// each queue; the parts below it each own one thing.

import { join } from "node:path";
import type { QueueHash } from "../wire/ids.ts";
import { queueNameOfKey } from "../wire/keyedQueue.ts";
import { type AgentOptions, agentVersion, type SettledOptions } from "./agentOptions.ts";
import { Builds } from "./build/builds.ts";
import { defaultBuildMs } from "./build/limits.ts";
import { Counters } from "./counters.ts";
import { type DataDir, openDataDir } from "./dataDir.ts";
import { mappedUsers, refuseUnknownRuntime } from "./docker/container.ts";
import { forgetAgent, forgetDeadAgents, homeOf } from "./docker/deadAgents.ts";
import { DiskQuota } from "./docker/diskQuota.ts";
import { Engine } from "./docker/engine.ts";
import { JobNetwork } from "./docker/network.ts";
import { folderFault, mayNotShareFolders } from "./docker/sharedFolder.ts";
import { takeOverWith } from "./docker/takeOver.ts";
import { messageOf } from "./fault.ts";
import { ContentCache } from "./files/cache.ts";
import { Upstream } from "./files/upstream.ts";
import { defaultRoom, houseOf } from "./housekeeping/house.ts";
import { Images } from "./images/images.ts";
import { ImageRecords } from "./images/records.ts";
import { adopt } from "./job/adopt.ts";
import { defaultJobLimits } from "./job/allowance.ts";
import { HeldJobs } from "./job/heldJobs.ts";
import { Lifetime, type RunningAgent } from "./lifetime.ts";
import { engineCallMs } from "./limits.ts";
import { withContext } from "./log.ts";
import { Parking } from "./parked/parking.ts";
import { capacityOf, Ledger } from "./queue/capacity.ts";
import { QueueDesk } from "./queue/queueDesk.ts";
import { Session } from "./queue/session.ts";
import { Spool } from "./queue/spool.ts";
import { within } from "./retry.ts";
import { StatusFile } from "./statusFile.ts";

export { type AgentOptions, agentVersion } from "./agentOptions.ts";
export type { RunningAgent } from "./lifetime.ts";

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
  if (machine.mapsUsers) throw new Error(`${mappedUsers.fault} ${mappedUsers.remedy}`);
  if (machine.unlimited.length > 0) {
    const message = `This engine says that it holds no container to a limit of ${machine.unlimited.join(" or ")}.`;
    options.log({ event: "limits not enforced", level: "warn", message });
  }
  const data = await openDataDir(
    options.dataDir,
    { ...(secret === undefined ? {} : { secret }), newIdentity },
    world.newId,
  );
  try {
    const capacity = capacityOf(lent, machine);
    const counters = new Counters();
    const statusFile = new StatusFile(data.path, world);
    const log = withContext(statusFile.following(counters.counting(options.log)), { agent: data.agent });
    const settled = { ...options, capacity, counters, statusFile, log };
    const givesGpus = /nvidia/.test(options.runtime ?? machine.defaultRuntime);
    return await begin(settled, engine, { ...data, engine: machine.rootFolder, givesGpus });
  } catch (error) {
    data.unlock();
    throw error;
  }
}

/** `engine` is where the engine keeps its data, on its own machine. */
type Folders = DataDir & { readonly engine: string | undefined; readonly givesGpus: boolean };

async function begin(options: SettledOptions, engine: Engine, data: Folders): Promise<RunningAgent> {
  const { world, log, api, capacity, trusted, name } = options;
  const { agent, jobs, jobCaches } = data;
  const upstream = options.proxy && new Upstream(options.proxy);
  const guard = { allowRanges: options.allowRanges ?? [], upstream };
  const spool = await Spool.open(data.spool, world);
  const cache = await ContentCache.open(data.cache, world.newId);
  const records = await ImageRecords.open(data.path, world);
  const images = new Images({
    engine,
    records,
    guard,
    trusted,
    allowImages: options.allowImages ?? [],
    pull: options.pull ?? "missing",
    loginFolder: options.loginFolder,
    world,
  });
  const takeOver = takeOverWith({ engine, agent, toolsImage: options.toolsImage });
  const network = new JobNetwork({ ...options, engine, agent, slots: capacity.slots, home: homeOf(data.path) });
  const settings = { variables: new Map<string, string>(), limitMs: defaultBuildMs, ...options.builds };
  const builds = await Builds.open({
    engine,
    images,
    records,
    network,
    cache,
    guard,
    settings,
    trusted,
    agent,
    folder: data.builds,
    world,
    log,
  });
  const startLimit = within(engineCallMs);
  if (data.former !== undefined) await forgetAgent(data.former, { engine, world, log }, startLimit);
  await forgetDeadAgents({ engine, world, log }, startLimit);
  if (mayNotShareFolders()) {
    const { newId } = world;
    const fault = await folderFault(
      { engine, agent, folder: data.path, toolsImage: options.toolsImage, newId },
      startLimit,
    );
    if (fault !== undefined) throw new Error(fault);
  }
  const adopted = await adopt({ engine, agent, jobs, spool, takeOver, log }, startLimit);
  await network.open(startLimit);

  const sessions: Session[] = [];
  let life: Lifetime | undefined;
  const changed = (but?: QueueHash) => {
    for (const session of sessions) if (but === undefined || session.queue !== but) session.changed();
  };
  const ledger = new Ledger(capacity);
  const { memoryBytes, maxDurationMs } = capacity;
  const limits = { memoryBytes, maxDurationMs, ...defaultJobLimits, ...options.limits };
  const { runtime, jobCache = "queue" } = options;
  const quota = new DiskQuota();
  const folder = join(data.path, "parked");
  const places = options.parked ?? capacity.slots;
  const jobTools = { engine, world, log, network, jobCaches, jobCache, limits, quota, runtime };
  const parking = await Parking.open({ ...jobTools, agent, folder, places });
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
      builds,
      network,
      takeOver,
      guard,
      limits,
      quota,
      parking,
      jobCache,
      runtime,
      givesGpus: data.givesGpus,
      log,
    },
    ledger,
    spool,
    engineLost: () => life?.engineLost(),
    changed: (but) => {
      changed(but);
      life?.jobsChanged();
    },
    // A queue that this process does not serve is sent nothing; if it is served again, it gets the result.
    sessionOf: (queue) => sessions.find((session) => session.queue === queue),
    allKnown: () => Promise.all(sessions.map((session) => session.known)),
  });
  for (const one of adopted) held.readopt(one);
  const host = new QueueDesk({ ledger, jobs: held, spool, log, changed: () => changed() });
  const boot = world.newId();
  const shared = { api, upstream, secret: data.secret, version: agentVersion, boot, world, host, log };
  const personal = name === undefined ? {} : { name };
  for (const queueName of options.queues) {
    const key = options.keys?.find((one) => queueNameOfKey(one) === queueName);
    sessions.push(new Session({ ...shared, ...personal, ...(key === undefined ? {} : { key }), queueName }));
  }
  log({ event: "agent started", slots: capacity.slots, queues: sessions.length });
  const room = { ...defaultRoom, ...options.room };
  const house = await houseOf({ engine, agent, folders: data, records, held, limits, room, world, log });
  life = await Lifetime.begin({ options, data, engine, ledger, held, spool, sessions, network, parking, house });
  return life;
}
