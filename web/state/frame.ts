// The page inside a metapage: inputs come in through pipes, a finished run's outputs go out, and with `allowsetjob` a
// pipe may set the job. At top level all of it rests.

import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Job } from "../../wire/job.ts";
import { jobIn } from "../frame/jobPipe.ts";
import { sendLive } from "../frame/live.ts";
import { frameWindow, joinMetapage, type MetapageLink } from "../frame/metapage.ts";
import type { ReadyDefinition } from "../job/definition.ts";
import { metapageWaitMs } from "../limits.ts";
import { encodeJson } from "../url/codec.ts";
import type { Fault } from "../url/parameters.ts";
import type { QueueTarget } from "../url/target.ts";
import type { Address } from "./address.ts";
import type { Browser } from "./browser.ts";
import type { Values } from "./files.ts";
import type { Logs } from "./logs.ts";
import { createOutputSender, type OutputSender } from "./outputs.ts";
import { type ResultState, runOf } from "./results.ts";

export interface FrameFacts {
  readonly browser: Browser;
  readonly view: Window;
  readonly address: Address;
  readonly pipes: Signal<Values>;
  readonly target: ReadonlySignal<QueueTarget | undefined>;
  readonly ready: ReadonlySignal<ReadyDefinition | undefined>;
  readonly job: ReadonlySignal<Job | undefined>;
  readonly result: ReadonlySignal<ResultState | undefined>;
  readonly logs: Pick<Logs, "store" | "version">;
  readonly faults: Signal<readonly Fault[]>;
}

/** `mayStart` turns true once the metapage's first inputs are here, or it is clear that there is no metapage. */
export function joinFrame(facts: FrameFacts): { mayStart: ReadonlySignal<boolean> } {
  const { browser, pipes } = facts;
  const isConnected = signal(!browser.isFramed);
  const hasWaited = signal(false);
  if (browser.isFramed) {
    browser.clock.after(metapageWaitMs, () => {
      hasWaited.value = true;
    });
    const link = joinMetapage(frameWindow(facts.view), browser.clock, pipes, isConnected);
    sendOutputs(facts, link);
    sendLive(
      {
        isOn: computed(() => facts.address.parameters.value.live),
        store: facts.logs.store,
        version: facts.logs.version,
        exitCode: computed(() => (facts.job.value?.state === "Finished" ? facts.job.value.statusCode : undefined)),
        clock: browser.clock,
      },
      link,
    );
    setJobFromPipes(facts);
  }
  return { mayStart: computed(() => isConnected.value || hasWaited.value) };
}

function sendOutputs(facts: FrameFacts, link: MetapageLink) {
  const { browser, target, ready, job, result, faults } = facts;
  const sender: OutputSender = createOutputSender(link, browser.fetch);
  effect(() => {
    const state = result.value;
    const at = target.value;
    const { resolverefs, allowsetjob } = facts.address.parameters.value;
    if (state?.kind !== "ready" || !at || !ready.value || !job.value) return;
    const { id } = ready.value;
    sender.send({ run: runOf(id, job.value), id, target: at, finished: state.finished, resolverefs, allowsetjob }).then(
      () => {
        if (faults.peek().length > 0) faults.value = [];
      },
      () => {
        faults.value = [
          {
            where: "outputs",
            message: "They could not be loaded and were not sent on to the metapage. Run again to retry.",
          },
        ];
      },
    );
  });
}

function setJobFromPipes({ address, pipes, faults }: FrameFacts) {
  let applied = "";
  effect(() => {
    if (!address.parameters.value.allowsetjob) return;
    const job = jobIn(pipes.value);
    if (job === undefined) return;
    if (job === "invalid") {
      faults.value = [
        { where: "job", message: "The job that came through a pipe is not a job definition. It was ignored." },
      ];
      return;
    }
    // The pipe's value stays the same while the address may be edited afterwards: only a new value counts.
    const raw = encodeJson(job);
    if (raw === applied) return;
    applied = raw;
    address.write({ job: raw }, false);
  });
}
