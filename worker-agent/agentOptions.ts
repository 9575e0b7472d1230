// What an agent is started with.

import type { BuildSettings } from "./build/builds.ts";
import type { Counters } from "./counters.ts";
import type { Engine } from "./docker/engine.ts";
import type { Containment } from "./docker/network.ts";
import type { UpstreamOptions } from "./files/upstream.ts";
import type { Room } from "./housekeeping/house.ts";
import type { PullPolicy } from "./images/images.ts";
import type { JobLimits } from "./job/allowance.ts";
import type { JobCacheMode } from "./job/jobFolder.ts";
import type { LogSink } from "./log.ts";
import type { Capacity, Lent } from "./queue/capacity.ts";
import type { StatusFile } from "./statusFile.ts";
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
  /** What builds get of this host, and how long they may take. */
  readonly builds?: Partial<BuildSettings>;
  /** Address ranges that inputs may be read from although they are not public. */
  readonly allowRanges?: readonly string[];
  /** The way to the control plane and to what jobs name by URL, if there is only one. */
  readonly proxy?: UpstreamOptions | undefined;
  /** What one job may use at most, beside what `capacity` says. */
  readonly limits?: Partial<JobLimits>;
  /** Whose /job-cache is: a queue's, or each job's own. */
  readonly jobCache?: JobCacheMode;
  readonly room?: Partial<Room>;
  readonly name?: string;
  /** What the agent's identity is the hash of; without it one is kept in the data folder. */
  readonly secret?: string;
  /** Each is shown only to the queue that is named after its hash. */
  readonly keys?: readonly string[];
  /** Begin as a new agent: what the folder's former one left on the host is removed. */
  readonly newIdentity?: boolean;
  /** How many containers are started ahead at most, for jobs like those that ran; as many as slots if nothing is said. */
  readonly parked?: number | undefined;
  /** It ends by itself when it has run that many jobs ... */
  readonly maxJobs?: number | undefined;
  /** ... or has had none for so long. */
  readonly idleExitMs?: number | undefined;
  readonly log: LogSink;
  readonly world: World;
  readonly engine?: Engine;
}

/** With everything decided that the caller may leave open. */
export type SettledOptions = AgentOptions & {
  readonly capacity: Capacity;
  readonly counters: Counters;
  readonly statusFile: StatusFile;
};
