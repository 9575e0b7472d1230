// One container's meter: a sample every few seconds while it runs, and what it has used when it has ended.

import type { ResourceLimits, ResourceSample, ResourceUse } from "../../wire/resources.ts";
import type { Engine } from "../docker/engine.ts";
import { within } from "../retry.ts";
import type { World } from "../world.ts";
import { readCgroup, type Usage } from "./cgroup.ts";
import { readGpus } from "./gpus.ts";
import { engineStatsMs, firstSampleMs, sampleEveryMs, sampleSlowlyAfterMs, sampleSlowlyMs } from "./limits.ts";

export interface MeterOptions {
  readonly engine: Engine;
  readonly id: string;
  readonly gpus: readonly string[];
  readonly limits: ResourceLimits;
  readonly world: World;
  readonly sampled: (sample: ResourceSample) => void;
}

export class Meter {
  readonly #options: MeterOptions;
  readonly #closing = new AbortController();
  #beganAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #last: { readonly usage: Usage; readonly at: number } | undefined;
  #peak: number | undefined;
  /** Once it has answered: the kernel through its files, or the engine. */
  #seesKernel = false;

  constructor(options: MeterOptions) {
    this.#options = options;
  }

  /** Its process runs. */
  begin(): void {
    this.#beganAt = this.#options.world.now();
    this.#timer = setTimeout(() => void this.#look(), firstSampleMs);
  }

  /** Its processes have ended, and the kernel is about to forget them. */
  end(): void {
    const usage = readCgroup(this.#options.id);
    if (usage) this.#keep(usage);
  }

  /** What it has used, as far as it was seen; `isKilled` is what the engine says of its memory. */
  total(isKilled: boolean): ResourceUse {
    const usage = this.#last?.usage;
    const outOfMemory = isKilled || (usage?.oomKills ?? 0) > 0;
    return {
      ...(this.#peak === undefined ? {} : { peakMemoryBytes: this.#peak }),
      ...(usage === undefined ? {} : { cpuSeconds: Number(usage.cpuSeconds.toFixed(3)) }),
      outOfMemory,
      limits: this.#options.limits,
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closing.abort();
  }

  async #look(): Promise<void> {
    const { world, gpus, sampled } = this.#options;
    const { signal } = this.#closing;
    const before = this.#last;
    const [usage, devices] = await Promise.all([this.#read(), readGpus(gpus, signal)]);
    if (signal.aborted) return;
    if (usage) {
      const at = this.#keep(usage);
      const passedMs = at - (before?.at ?? this.#beganAt);
      const spent = usage.cpuSeconds - (before?.usage.cpuSeconds ?? 0);
      const cpus = passedMs > 0 ? Math.max(0, spent / (passedMs / 1000)) : 0;
      const { memoryBytes } = usage;
      sampled({ time: at, cpus: Number(cpus.toFixed(3)), memoryBytes, ...(devices ? { gpus: devices } : {}) });
    }
    const isLong = world.now() - this.#beganAt > sampleSlowlyAfterMs;
    this.#timer = setTimeout(() => void this.#look(), isLong ? sampleSlowlyMs : sampleEveryMs);
  }

  async #read(): Promise<Usage | undefined> {
    const { engine, id } = this.#options;
    const seen = readCgroup(id);
    this.#seesKernel ||= seen !== undefined;
    if (this.#seesKernel) return seen;
    // An engine that is away, or a container that has ended meanwhile: there is no sample.
    return await engine.stats(id, within(engineStatsMs, this.#closing.signal)).catch(() => undefined);
  }

  #keep(usage: Usage): number {
    const at = this.#options.world.now();
    this.#last = { usage, at };
    const most = Math.max(this.#peak ?? 0, usage.peakMemoryBytes ?? usage.memoryBytes);
    this.#peak = most > 0 ? most : undefined;
    return at;
  }
}
