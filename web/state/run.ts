// When a definition is submitted, stopped and run again: by a person's click, or by itself with autostart once the
// definition has stood still for a moment and, on this machine's own queue, a person has agreed.

import { effect, type ReadonlySignal } from "@preact/signals";
import type { JobId } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import { commandText, consentKeyOf, imageOf, type ReadyDefinition } from "../job/definition.ts";
import { settleMs } from "../limits.ts";
import { frames, namespaceOf } from "../queue/frames.ts";
import type { Queue } from "../queue/queue.ts";
import type { Parameters } from "../url/parameters.ts";
import type { QueueTarget } from "../url/target.ts";
import type { Browser } from "./browser.ts";
import type { Consent, Question } from "./consent.ts";
import { createOwnRuns } from "./ownRuns.ts";

export interface RunFacts {
  readonly browser: Browser;
  readonly parameters: ReadonlySignal<Parameters>;
  readonly target: ReadonlySignal<QueueTarget | undefined>;
  readonly ready: ReadonlySignal<ReadyDefinition | undefined>;
  readonly job: ReadonlySignal<Job | undefined>;
  /** Nothing runs by itself before: the metapage's first inputs may still be on their way. */
  readonly mayStart: ReadonlySignal<boolean>;
  /** A person is in the middle of an edit. */
  readonly isTyping: ReadonlySignal<boolean>;
  /** Brings what was typed last into the definition. */
  readonly pendingEdit: ReadonlySignal<(() => void) | undefined>;
  /** Inputs of the definition are on their way: it is ready after that. */
  readonly isPreparing: ReadonlySignal<boolean>;
  /** A permit came with the address and was good. */
  readonly isPermitted: ReadonlySignal<boolean>;
  readonly queue: Queue;
  readonly consent: Consent;
}

export interface Run {
  /** A person pressed Run, or Run again. */
  press(): void;
  stop(): void;
  /** Stops another job of the queue, in every namespace. */
  stopJob(id: JobId): void;
  /** This browser has asked for this run of it. */
  isOwn(id: string, job: Job): boolean;
}

export function createRun(facts: RunFacts): Run {
  const { browser, parameters, target, ready, job, queue, consent } = facts;
  const now = () => browser.clock.now();

  const own = createOwnRuns(queue, browser.storage);
  const submit = (definition: ReadyDefinition, isAgain: boolean) => {
    own.asked(definition.id);
    const { control, debug } = parameters.peek();
    const run = frames.submit(definition, control, debug, now());
    const texts = isAgain ? [frames.delete(definition.id, namespaceOf(control), now()), run] : [run];
    const before = queue.jobs.peek().get(definition.id)?.queuedTime;
    queue.ask(definition.id, { kind: isAgain ? "again" : "run", frames: texts, at: now(), before });
  };

  const questionFor = (definition: ReadyDefinition, isAgain: boolean): Question => ({
    key: consentKeyOf(definition.template, browser.embedder ?? "unknown"),
    image: imageOf(definition.definition),
    command: commandText(definition.definition.command),
    // By then the inputs may have moved on: what is submitted is what the page shows.
    granted: () => {
      const current = ready.peek();
      if (current) submit(current, isAgain && current.id === definition.id);
    },
  });

  const runShown = () => {
    const definition = ready.peek();
    const at = target.peek();
    if (!definition || !at) return;
    const isAgain = job.peek()?.state === "Finished";
    if (!at.loopback) return submit(definition, isAgain);
    const question = questionFor(definition, isAgain);
    if (consent.isGranted(question.key)) submit(definition, isAgain);
    else consent.accept(question);
  };

  let stopWaiting = () => {};
  const press = () => {
    // What a person sees is what runs: an edit of a moment ago belongs to it, and may have to be stored first.
    facts.pendingEdit.peek()?.();
    stopWaiting();
    if (!facts.isPreparing.peek()) return runShown();
    stopWaiting = effect(() => {
      if (facts.isPreparing.value) return;
      queueMicrotask(() => {
        stopWaiting();
        runShown();
      });
    });
  };

  startByItself(facts, (definition) => {
    const question = questionFor(definition, false);
    if (!target.peek()?.loopback || consent.isGranted(question.key)) submit(definition, false);
    else consent.ask(question);
  });

  // What is done already needs no permission: it is shown, and runs nothing.
  effect(() => {
    if (consent.question.value && job.value?.state === "Finished") consent.drop();
  });

  return {
    press,
    isOwn: own.isOwn,
    stopJob(id) {
      const namespaces = queue.jobs.peek().get(id)?.namespaces ?? [];
      // Each namespace holds a job for itself: it ends when none does any more.
      const names = namespaces.length > 0 ? namespaces : [namespaceOf(undefined)];
      const texts = names.map((name) => frames.cancel(id, name, now()));
      queue.ask(id, { kind: "stop", frames: texts, at: now(), before: queue.jobs.peek().get(id)?.queuedTime });
    },
    stop() {
      const definition = ready.peek();
      if (!definition) return;
      const text = frames.cancel(definition.id, namespaceOf(parameters.peek().control), now());
      queue.ask(definition.id, { kind: "stop", frames: [text], at: now(), before: job.peek()?.queuedTime });
    },
  };
}

/** Watches each definition that stands still, and starts each once with autostart. */
function startByItself(facts: RunFacts, start: (definition: ReadyDefinition) => void) {
  const { browser, parameters, target, ready, mayStart, isTyping, isPermitted, queue, consent } = facts;
  let watched = "";
  let started = "";
  let permittedKey: string | undefined;
  effect(() => {
    const definition = ready.value;
    const at = target.value;
    const { autostart } = parameters.value;
    const isFree = mayStart.value && !consent.isChecking.value && !isTyping.value;
    const isAllowed = isPermitted.value;
    if (!definition || !at) return undefined;
    const what = `${definition.id} ${at.api} ${at.queue}`;
    const settled = () => {
      const key = consentKeyOf(definition.template, browser.embedder ?? "unknown");
      // A permit is for the definition that came with it, not for what the page may be told to run later.
      if (isAllowed) permittedKey ??= key;
      if (key === permittedKey) consent.grant(key);
      if (what !== watched) queue.watch(definition.id);
      watched = what;
      const question = consent.question.peek();
      if (question && question.key !== key) consent.drop();
      if (!autostart || !isFree || what === started) return;
      started = what;
      start(definition);
    };
    return browser.clock.after(settleMs, settled);
  });
}
