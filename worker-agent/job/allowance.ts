// What one job may use: what its definition asks for, within what the operator gives. Pure.

import { durationOf, type JobDefinition } from "../../wire/definition.ts";
import { defaultDurationMs } from "../../wire/limits.ts";
import { sizeBytes } from "../../wire/units.ts";
import { cpusMin, jobCacheBytes, jobDiskBytes, memoryBytesMin, pidsMax } from "../limits.ts";

/** What the operator gives one job at most. */
export interface JobLimits {
  /** What the agent offers, which is the limit of a job that names none. */
  readonly memoryBytes: number;
  readonly maxDurationMs: number;
  /** Processes and threads. */
  readonly pids: number;
  /** What it writes: into its own file system and to /outputs together. */
  readonly diskBytes: number;
  /** What all jobs of a queue keep in /job-cache together; with a cache for each job, each of them. */
  readonly jobCacheBytes: number;
}

/** Unless the operator says otherwise. */
export const defaultJobLimits = { pids: pidsMax, diskBytes: jobDiskBytes, jobCacheBytes };

export interface Allowance {
  readonly memoryBytes: number;
  /** Undefined: an equal share of what is free. */
  readonly cpus: number | undefined;
  /** Undefined: the engine's default. */
  readonly shmBytes: number | undefined;
  readonly pids: number;
  readonly diskBytes: number;
  readonly durationMs: number;
  /** Where it is less than the definition asks for: a sentence each, for the job's owner. */
  readonly remarks: readonly string[];
}

export function allowanceOf(definition: JobDefinition, limits: JobLimits): Allowance {
  const { cpus = 0, memory } = definition.requirements ?? {};
  const remarks: string[] = [];
  const atMost = (
    what: string,
    asked: number | undefined,
    most: number,
    shown: (value: number) => string,
    why: string,
  ) => {
    if (asked === undefined || asked <= most) return asked;
    remarks.push(`The job asks for ${shown(asked)} of ${what}; it gets ${shown(most)}, ${why}.`);
    return most;
  };
  const bytesOf = (text: string | undefined) => (text === undefined ? undefined : sizeBytes(text));
  const operator = "the most that this agent's operator allows";
  const memoryBytes = atMost("memory", bytesOf(memory), limits.memoryBytes, sizeText, operator) ?? limits.memoryBytes;
  const shmWhy = "its memory, of which /dev/shm is a part";
  return {
    memoryBytes: Math.max(memoryBytesMin, memoryBytes),
    cpus: cpus > 0 ? Math.max(cpusMin, cpus) : undefined,
    shmBytes: atMost("/dev/shm", bytesOf(definition.shmSize), memoryBytes, sizeText, shmWhy),
    pids: limits.pids,
    diskBytes: limits.diskBytes,
    durationMs:
      atMost(
        "time",
        durationOf(definition, Math.min(defaultDurationMs, limits.maxDurationMs)),
        limits.maxDurationMs,
        timeText,
        operator,
      ) ?? limits.maxDurationMs,
    remarks,
  };
}

/** A size for people: in the largest unit that leaves at least one, with three digits at most. */
export function sizeText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${units[power]}`;
}

function timeText(ms: number): string {
  return ms < 120_000 ? `${ms / 1000} s` : `${Number((ms / 60_000).toFixed(1))} min`;
}
