// Sends what a finished run left behind on to the metapage, once for each run, and takes away what it no longer makes.

import { paths } from "../../wire/http.ts";
import type { JobId } from "../../wire/ids.ts";
import type { Finished } from "../../wire/result.ts";
import type { MetapageLink } from "../frame/metapage.ts";
import { portableRef, resultReport, valueOfRef } from "../frame/outputs.ts";
import { transferTimeoutMs } from "../limits.ts";
import type { QueueTarget } from "../url/target.ts";

export interface Sending {
  readonly run: string;
  readonly id: JobId;
  readonly target: QueueTarget;
  readonly finished: Finished;
  readonly resolverefs: boolean;
  readonly allowsetjob: boolean;
}

export interface OutputSender {
  /** Rejects when a stored output can't be loaded with `resolverefs`; the next call tries again. */
  send(sending: Sending): Promise<void>;
}

export function createOutputSender(link: MetapageLink, fetcher: typeof fetch): OutputSender {
  let sentRun = "";
  let sentNames: readonly string[] = [];
  return {
    async send(sending) {
      const { run, finished } = sending;
      const key = `${run} ${sending.resolverefs} ${sending.allowsetjob}`;
      if (key === sentRun) return;
      sentRun = key;
      try {
        const outputs = await outputsOf(sending, fetcher);
        // Overtaken by a newer run while values were loading.
        if (sentRun !== key) return;
        // A run that failed has nothing to say about what the frames behind us hold.
        const isWhole = finished.reason === "Success";
        const gone = isWhole ? sentNames.filter((name) => !(name in outputs)) : [];
        sentNames = isWhole ? Object.keys(outputs) : [...new Set([...sentNames, ...Object.keys(outputs)])];
        const all = { ...Object.fromEntries(gone.map((name) => [name, undefined])), ...outputs };
        if (Object.keys(all).length > 0) link.send(all);
      } catch (error) {
        if (sentRun === key) sentRun = "";
        throw error;
      }
    },
  };
}

async function outputsOf(
  { id, target, finished, resolverefs, allowsetjob }: Sending,
  fetcher: typeof fetch,
): Promise<Readonly<Record<string, unknown>>> {
  const { result } = finished;
  if (!result) return {};
  const entries = Object.entries(result.outputs).map(async ([name, ref]) => {
    const load = () => fetchOutput(fetcher, target.api + paths.output(target.queue, id, name));
    return [name, resolverefs ? await valueOfRef(name, ref, load) : portableRef(ref, target.api)] as const;
  });
  const outputs = Object.fromEntries(await Promise.all(entries));
  return allowsetjob ? { ...outputs, "job/result.json": resultReport(id, result, target.api) } : outputs;
}

/** The bytes of a stored output. */
export async function fetchOutput(fetcher: typeof fetch, url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetcher(url, { signal: AbortSignal.timeout(transferTimeoutMs) });
  if (!response.ok) throw new Error(`The server answered ${response.status} for an output.`);
  return new Uint8Array(await response.arrayBuffer());
}
