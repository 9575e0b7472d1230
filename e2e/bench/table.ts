// How a bench prints: one line for each number, beside the floor that it was measured against.

import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

export interface Row {
  readonly what: string;
  readonly value: string;
  /** The floor, measured in alternation; rows without one say only something about this machine. */
  readonly floor?: string;
  /** Share of the floor, if both are rates. */
  readonly share?: number;
  /** The same of the system in use, recorded on the same kind of machine. */
  readonly peer?: string;
}

const widths = [46, 26, 34, 8] as const;

export function printHead(title: string): void {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  console.log(`\n${title} (${cpus().length} cores, ${gigabytes} GiB, ${process.platform}, Node ${process.version})`);
  printCells("", "measured", "floor, in alternation", "share", "peer, recorded");
}

export function printRow({ what, value, floor = "", share, peer = "" }: Row): void {
  printCells(what, value, floor, share === undefined ? "" : `${share.toFixed(2)} ×`, peer);
}

function printCells(...cells: readonly string[]): void {
  console.log(
    `  ${cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd()}`,
  );
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
