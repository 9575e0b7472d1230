// Checks of this machine and of its way to the control plane: folder, disk, clock, connection.

import { access, mkdir, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { paths } from "../../wire/http.ts";
import { messageOf } from "../fault.ts";
import { request } from "../files/request.ts";
import type { Upstream } from "../files/upstream.ts";
import { clockSkewMsMax, connectMs } from "../limits.ts";
import { holdSocket } from "../queue/socket.ts";
import { within } from "../retry.ts";
import type { World } from "../world.ts";
import { type Finding, failed, ok, warning } from "./check.ts";

export async function checkPermissions(dataDir: string, world: World): Promise<Finding> {
  const path = join(dataDir, `try-${world.newId()}`);
  try {
    await mkdir(dataDir, { recursive: true });
    await writeFile(path, "");
    await rm(path);
    await access(dataDir);
    const user = process.getuid?.() === 0 ? "as root" : "without root";
    return ok("permissions", `The data folder ${dataDir} can be written; this runs ${user}.`);
  } catch (error) {
    const remedy = "Give this user the folder, or choose another with --data-dir.";
    return failed("permissions", `The data folder ${dataDir} can't be written: ${messageOf(error)}.`, remedy);
  }
}

export async function checkDisk(dataDir: string, keepFreeBytes: number): Promise<Finding> {
  try {
    const { bavail, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    const said = `${gigabytes(free)} are free at ${dataDir}.`;
    if (free >= 2 * keepFreeBytes) return ok("disk", said);
    const remedy = `Below ${gigabytes(keepFreeBytes)} (--keep-free) caches and images make room, and jobs may fail: free some, or move --data-dir.`;
    return free >= keepFreeBytes ? warning("disk", said, remedy) : failed("disk", said, remedy);
  } catch (error) {
    return failed("disk", `What is free can't be told: ${messageOf(error)}.`, "Choose another folder with --data-dir.");
  }
}

/** Both by one request: the control plane says what time it is. */
export async function checkApi(api: string, world: World, upstream?: Upstream): Promise<readonly Finding[]> {
  const askedAt = world.now();
  try {
    const url = new URL(`${api}${paths.health()}`);
    const answer = await request(url, { method: "GET", signal: within(connectMs), upstream });
    answer.destroy();
    const tookMs = world.now() - askedAt;
    const connection =
      answer.statusCode === 200
        ? ok("connection", `${api} answers in ${tookMs} ms.`)
        : failed("connection", `${api} answers ${answer.statusCode}.`, "Is it a Longshore control plane? See --api.");
    const date = Date.parse(answer.headers.date ?? "");
    return Number.isFinite(date) ? [connection, clockFinding(world.now() - tookMs / 2 - date)] : [connection];
  } catch (error) {
    const remedy =
      "Check --api, this machine's DNS and its firewall: agents only dial out, by https and wss, through --proxy if there is one.";
    return [failed("connection", `${api} can't be reached: ${messageOf(error)}.`, remedy)];
  }
}

/** The header counts whole seconds. */
function clockFinding(skewMs: number): Finding {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= clockSkewMsMax) return ok("clock", "It agrees with the control plane's.");
  const said = `It is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} the control plane's.`;
  return warning(
    "clock",
    said,
    "Set it by the network: `sudo timedatectl set-ntp true`. Times of jobs would be wrong.",
  );
}

/** Whether the queue's socket opens. Nothing is said on it, so no queue counts this as an agent. */
export async function checkQueue(api: string, queue: string, upstream?: Upstream): Promise<Finding> {
  const url = new URL(paths.agent(queue), api);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const stop = new AbortController();
  let opened = false;
  const end = await holdSocket({
    url: url.href,
    upstream,
    signal: stop.signal,
    frame: () => {},
    opened: () => {
      opened = true;
      stop.abort();
    },
  });
  if (opened) return ok("queue", "Its socket opens.");
  const why = end.kind === "replaced" ? "it was replaced" : end.why;
  const remedy = "A proxy or firewall between may not let WebSockets through; is the address of --api right?";
  return failed("queue", `Its socket does not open: ${why}.`, remedy);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
