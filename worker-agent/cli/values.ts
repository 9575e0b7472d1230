// Texts of flags and variables, translated. Each throws a sentence that says how the value should look.

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import * as v from "valibot";
import { bareAddress, rangeFault } from "../../wire/addresses.ts";
import { durationMs, sizeBytes } from "../../wire/units.ts";
import { driverAnswerMs } from "../limits.ts";

/** An origin: people paste addresses with a slash or a path behind them. */
export function origin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new InvalidArgumentError("It is a URL like https://longshore.example.org.");
  }
  return url.origin;
}

/** An HTTP proxy, perhaps with a user and a password. */
export function proxy(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== "/")
    throw new InvalidArgumentError("It is a URL like http://proxy.example.org:3128.");
  return url.href;
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("It is a whole number from 1 to 9999.");
  return Number(text);
}

/** As `wholeNumber`, or none. */
export function count(text: string): number {
  if (!/^(?:0|[1-9]\d{0,3})$/.test(text)) throw new InvalidArgumentError("It is a whole number from 0 to 9999.");
  return Number(text);
}

export function positiveNumber(text: string): number {
  const number = Number(text);
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError("It is a number above 0.");
  return number;
}

export function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("A port is a number from 0 to 65535.");
  return Number(text);
}

export function size(text: string): number {
  const bytes = sizeBytes(text);
  if (bytes === undefined) throw new InvalidArgumentError("A size looks like 512m or 4g.");
  return bytes;
}

export function duration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError("A duration looks like 90s, 5m or 1h30m.");
  return ms;
}

/** As `PullPolicy` says it. */
export function pullPolicy(text: string): "never" | "missing" | { readonly afterMs: number } {
  if (text === "never" || text === "missing") return text;
  const afterMs = text === "always" ? 0 : durationMs(text);
  if (afterMs === undefined) throw new InvalidArgumentError("It is never, missing, always, or a time like 1h.");
  return { afterMs };
}

/** `2` is the first two devices; `0,2` or `device=0,2` are these two; `all` are those that the driver names. */
export function gpus(text: string): readonly string[] {
  // Quotes are left over where a command for `docker run --gpus` was copied.
  const plain = text.replaceAll(/["'\s]/g, "");
  if (plain === "all") return devicesOfDriver();
  if (/^\d{1,3}$/.test(plain)) return firstDevices(Number(plain));
  const ids = plain.replace(/^device=/, "").split(",");
  if (ids.some((id) => !/^(\d{1,3}|(GPU|MIG)-[A-Za-z0-9-]+)$/.test(id)))
    throw new InvalidArgumentError("It is a number of GPUs, their ids like 0,2 or device=1, or all.");
  // A driver that doesn't answer here may be at the engine's machine.
  const known = devicesOfSmi();
  const absent = known && ids.find((id) => /^\d+$/.test(id) && !known.includes(id));
  if (absent !== undefined) throw new InvalidArgumentError(`There is no GPU ${absent}: ${namedByDriver(known ?? [])}`);
  return [...new Set(ids)];
}

function firstDevices(count: number): readonly string[] {
  const known = count === 0 ? undefined : devicesOfSmi();
  if (known && known.length < count)
    throw new InvalidArgumentError(`There are not ${count} GPUs: ${namedByDriver(known)}`);
  return known ? known.slice(0, count) : Array.from({ length: count }, (_, index) => String(index));
}

function namedByDriver(ids: readonly string[]): string {
  return ids.length === 0 ? "the driver names none." : `the driver names ${ids.join(", ")}.`;
}

function devicesOfDriver(): readonly string[] {
  const ids = devicesOfSmi() ?? devicesOfKernel();
  if (ids.length === 0)
    throw new InvalidArgumentError("No NVIDIA driver answers here, so say how many, or which: 2 or device=0,1.");
  return ids;
}

function devicesOfSmi(): readonly string[] | undefined {
  try {
    const said = execFileSync("nvidia-smi", ["--query-gpu=index", "--format=csv,noheader"], {
      encoding: "utf8",
      timeout: driverAnswerMs,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return said.split("\n").flatMap((line) => (/^\d+$/.test(line.trim()) ? [line.trim()] : []));
  } catch {
    // No such program, or no device: the kernel may know more.
    return undefined;
  }
}

/** The driver's folder has one entry for each device; their numbers count up. */
function devicesOfKernel(): readonly string[] {
  try {
    return readdirSync("/proc/driver/nvidia/gpus").map((_, index) => String(index));
  } catch {
    return [];
  }
}

/** Values of a repeated flag, or separated by commas. */
export function list(text: string, previous: unknown = []): readonly string[] {
  const before = v.parse(v.array(v.string()), previous);
  return [...before, ...text.split(",").map((part) => part.trim())].filter((part) => part !== "");
}

export function ranges(text: string, previous: unknown): readonly string[] {
  const all = list(text, previous);
  for (const range of all) {
    const fault = rangeFault(range);
    if (fault) throw new InvalidArgumentError(fault);
  }
  return all;
}

/** How many proxies, one behind the other, or where they are: `1`, or `10.0.0.0/8,192.168.1.7`. */
export function proxies(text: string): { readonly hops: number } | { readonly ranges: readonly string[] } {
  if (/^[1-9]\d?$/.test(text)) return { hops: Number(text) };
  const all = list(text).map((part) => (bareAddress(part) === undefined ? part : hostRange(part)));
  if (all.length === 0 || all.some((range) => rangeFault(range) !== undefined)) {
    throw new InvalidArgumentError("It is how many proxies there are, like 1, or their addresses, like 10.0.0.0/8.");
  }
  return { ranges: all };
}

function hostRange(address: string): string {
  return `${address}/${address.includes(":") ? 128 : 32}`;
}

export function origins(text: string, previous: unknown): readonly string[] {
  return [...new Set(list(text, previous).map(origin))];
}
