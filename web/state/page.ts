// The page's whole state, put together once. Views read its signals and call its actions; nothing else is global.

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Job } from "../../wire/job.ts";
import { createUploader } from "../frame/uploads.ts";
import type { ReadyDefinition } from "../job/definition.ts";
import { anyJob, createQueue, type Queue } from "../queue/queue.ts";
import type { Fault } from "../url/parameters.ts";
import { effectiveQueue, resolveQueue, type TargetState } from "../url/target.ts";
import { type Address, createAddress } from "./address.ts";
import type { Browser } from "./browser.ts";
import { type Consent, createConsent, redeemPermit } from "./consent.ts";
import { consentHash } from "./consentWindow.ts";
import { createNamedJob, type DefinitionState, definitionState, type NamedJob } from "./definition.ts";
import { createFiles, type Values } from "./files.ts";
import { joinFrame } from "./frame.ts";
import { createHistory, type History } from "./history.ts";
import { createLogs, type Logs } from "./logs.ts";
import { followOutputs, type OutputFiles, type ShownRun } from "./outputFiles.ts";
import { createPace } from "./pace.ts";
import { createPhases, type Phase, phasesOf } from "./phases.ts";
import { followPlace } from "./place.ts";
import { createResources, type Resources } from "./resources.ts";
import { createResults, type ResultState, runOf } from "./results.ts";
import { createRun, type Run } from "./run.ts";
import { type Status, statusOf } from "./status.ts";
import { createTransfers, type Transfers } from "./transfers.ts";

export interface Page {
  readonly browser: Browser;
  readonly address: Address;
  readonly target: ReadonlySignal<TargetState>;
  /** The definition as the address names it, before anything is added to it. */
  readonly named: ReadonlySignal<NamedJob>;
  readonly definition: ReadonlySignal<DefinitionState>;
  readonly ready: ReadonlySignal<ReadyDefinition | undefined>;
  readonly pipes: ReadonlySignal<Values>;
  readonly queue: Queue;
  readonly job: ReadonlySignal<Job | undefined>;
  /** What the job in view uses, as far as it was watched. */
  readonly resources: ReadonlySignal<Resources | undefined>;
  readonly result: ReadonlySignal<ResultState | undefined>;
  /** The finished run whose result is in view. */
  readonly shown: ReadonlySignal<ShownRun | undefined>;
  readonly outputs: OutputFiles;
  readonly history: History;
  readonly logs: Logs;
  readonly phases: ReadonlySignal<readonly Phase[]>;
  readonly status: ReadonlySignal<Status>;
  /** Everything that could not be used, and what broke while sending on. */
  readonly faults: ReadonlySignal<readonly Fault[]>;
  readonly consent: Consent;
  readonly run: Run;
  /** Files on their way to the store of the queue's server. */
  readonly transfers: Transfers;
  /** The origin of that server. */
  readonly api: ReadonlySignal<string>;
  retryUploads(): void;
}

export function createPage(browser: Browser, view: Window): Page {
  const address = createAddress(view, browser.isFramed);
  const { parameters } = address;
  const target = computed(() => resolveQueue(effectiveQueue(parameters.value), browser.origin));
  const queueTarget = stableBy(
    computed(() => (target.value.kind === "target" ? target.value.target : undefined)),
    (at) => `${at?.api} ${at?.queue}`,
  );

  const logs = createLogs(browser);
  const resources = createResources();
  const queue = createQueue(
    queueTarget,
    { open: browser.openWire, clock: browser.clock, random: browser.random },
    ({ jobId, logs: lines, first, step }) => {
      if (jobId === ready.peek()?.id) logs.append(lines, first, step !== "Running");
    },
    ({ jobId, limits, samples }) => resources.add(jobId, limits, samples),
  );

  const pipes = signal<Values>({});
  const namedJob = createNamedJob(parameters, address.shortId, queueTarget, browser.fetch);
  const texts = computed<Values>(() => parameters.value.inputs ?? {});
  const api = computed(() => queueTarget.value?.api ?? browser.origin);
  const transfers = createTransfers(createUploader(browser));
  const { files, retry } = createFiles({ pipes, texts, api }, transfers);
  const definition = computed(() => definitionState(namedJob.value, parameters.value, files.value));
  const ready = computed(() => (definition.value.kind === "ready" ? definition.value.ready : undefined));
  const job = computed(() => (ready.value ? queue.jobs.value.get(ready.value.id) : undefined));

  const results = createResults(browser);
  const result = computed(() =>
    ready.value && job.value ? results.byRun.value.get(runOf(ready.value.id, job.value)) : undefined,
  );
  const shown = computed<ShownRun | undefined>(() => {
    const state = result.value;
    const at = queueTarget.value;
    if (state?.kind !== "ready" || !ready.value || !job.value || !at) return undefined;
    const { id } = ready.value;
    return { run: runOf(id, job.value), id, target: at, finished: state.finished };
  });
  const consent = createConsent(browser, () =>
    view.open(`${browser.origin}/${consentHash}`, "_blank", "popup,width=520,height=380"),
  );
  const { isPermitted } = takePermit(address, consent, browser);
  const sendingFaults = signal<readonly Fault[]>([]);
  const { mayStart } = joinFrame({
    browser,
    view,
    address,
    pipes,
    result,
    logs,
    ready,
    job,
    target: queueTarget,
    faults: sendingFaults,
  });
  const run = createRun({
    browser,
    parameters,
    target: queueTarget,
    ready,
    job,
    mayStart,
    isTyping: address.isTyping,
    pendingEdit: address.pendingEdit,
    isPreparing: computed(() => definition.value.kind === "resolving"),
    isPermitted,
    queue,
    consent,
  });

  const phases = createPhases();
  const pace = createPace();
  effect(() => {
    const id = ready.value?.id;
    const at = queueTarget.value;
    const current = job.value;
    phases.note(id ?? "", current);
    pace.note(id ?? "", current, browser.clock.now());
    resources.follow(`${id} ${at?.api} ${at?.queue} ${current?.queuedTime}`);
    if (!id) return;
    logs.follow(at, id, current);
    if (current?.state === "Finished" && at) results.need(at, id, current);
    if (result.value?.kind === "ready" && result.value.finished.result) logs.complete(result.value.finished.result);
  });

  const waiting = computed(() => {
    const id = ready.value?.id;
    const at = queueTarget.value;
    return id && at && job.value?.state === "Queued" ? { target: at, id } : undefined;
  });
  const place = followPlace(
    stableBy(waiting, (one) => `${one?.target.api} ${one?.target.queue} ${one?.id}`),
    browser,
  );
  const status = computed(() => {
    const id = ready.value?.id ?? "";
    return statusOf({
      target: target.value,
      definition: definition.value,
      connection: queue.connection.value,
      agents: queue.agents.value?.length,
      job: job.value,
      asked: queue.asked.value.get(id),
      refusal: queue.refusals.value.get(id) ?? queue.refusals.value.get(anyJob),
      result: result.value,
      isAsking: consent.question.value !== undefined,
      place: place.value,
      leftMs: pace.leftMs.value,
      transfers: transfers.active.value,
    });
  });

  const outputs = followOutputs(shown);

  return {
    browser,
    address,
    target,
    named: namedJob,
    definition,
    ready,
    pipes,
    queue,
    job,
    resources: resources.seen,
    result,
    shown,
    outputs,
    history: createHistory({ ready, shown, outputs, location: view.location }),
    logs,
    phases: computed(() => {
      const measured =
        job.value && result.value?.kind === "ready" ? phasesOf(job.value, result.value.finished.result) : [];
      return measured.length > 0 ? measured : phases.seen.value;
    }),
    status,
    faults: computed(() => [
      ...address.faults.value,
      ...(definition.value.kind === "ready" ? definition.value.faults : []),
      ...sendingFaults.value,
    ]),
    consent,
    run,
    transfers,
    api,
    retryUploads: retry,
  };
}

/** Equal values are one: an unrelated change of the address must not close the queue's socket. */
function stableBy<T>(source: ReadonlySignal<T>, keyOf: (value: T) => string): ReadonlySignal<T> {
  let last: { readonly key: string; readonly value: T } | undefined;
  return computed(() => {
    const value = source.value;
    const key = keyOf(value);
    if (key !== last?.key) last = { key, value };
    return last.value;
  });
}

/** A one-time permit leaves the address at once; it is redeemed at our own origin and told to nobody else. */
function takePermit(address: Address, consent: Consent, browser: Browser): { isPermitted: ReadonlySignal<boolean> } {
  const isPermitted = signal(false);
  const token = address.parameters.peek().permit;
  if (token !== undefined) {
    address.write({ permit: undefined }, false);
    void consent.whileChecking(redeemPermit(token, browser)).then((isGood) => {
      isPermitted.value = isGood;
    });
  }
  return { isPermitted };
}
