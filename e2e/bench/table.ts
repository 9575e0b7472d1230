// How a bench prints: one line for each number, beside the floor that it was measured against.

import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

export interface Row {
  readonly what: string;
  readonly value: string;
  /** The floor, measured in alternation; rows without one say only something about this machine. */
  readonly floor?: string;
  /** What it should be, where that is a number and not a share of a floor. */
  readonly reach?: string;
  /** Share of the floor, if both are rates. */
  readonly share?: number;
  /** The same of the system in use, recorded on the same kind of machine. */
  readonly peer?: string;
}

const widths = [46, 26, 34, 8] as const;

export function printHead(title: string): void {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  console.log(`\n${title} (${cpus().length} cores, ${gigabytes} GiB, ${process.platform}, Node ${process.version})`);
  printCells("", "measured", "floor, in alternation; to reach", "share", "peer, recorded");
}

export function printRow({ what, value, floor, reach = "", share, peer = "" }: Row): void {
  printCells(what, value, floor ?? reach, share === undefined ? "" : `${share.toFixed(2)} ×`, peer);
}

function printCells(...cells: readonly string[]): void {
  console.log(
    `  ${cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd()}`,
  );
}

export function quantile(samples: readonly number[], q: number): string {
  const sorted = [...samples].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(1);
}

/** Processor time that a process has taken so far, from Linux, where it is counted in hundredths of a second. */
export function cpuMsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}

/** Memory of a process, from Linux; elsewhere it is not known. `peak` is the most that it ever had. */
export function memoryOf(pid: number): { readonly now: string; readonly peak: string } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const mebibytes = (field: string) => {
      const kibibytes = Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]);
      return `${Math.round(kibibytes / 1024)} MiB`;
    };
    return { now: mebibytes("VmRSS"), peak: mebibytes("VmHWM") };
  } catch {
    return { now: "unknown", peak: "unknown" };
  }
}
