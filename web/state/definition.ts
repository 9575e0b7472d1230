// The definition that the address and the inputs give together, recomputed whenever either changes.

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import * as v from "valibot";
import { DefinitionAnswer, paths } from "../../wire/http.ts";
import type { JobId } from "../../wire/ids.ts";
import { definitionOf, type ReadyDefinition } from "../job/definition.ts";
import { requestTimeoutMs } from "../limits.ts";
import { isJsonObject, type JsonObject } from "../url/codec.ts";
import type { Fault, Parameters } from "../url/parameters.ts";
import type { QueueTarget } from "../url/target.ts";
import type { Browser } from "./browser.ts";
import type { Files } from "./files.ts";

export type DefinitionState =
  | { readonly kind: "empty" }
  | { readonly kind: "loading" }
  | { readonly kind: "resolving" }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "invalid"; readonly error: string }
  | { readonly kind: "ready"; readonly ready: ReadyDefinition; readonly faults: readonly Fault[] };

/** The job that the address names: in the fragment, or by the short form's id. */
export type NamedJob =
  | { readonly kind: "none" }
  | { readonly kind: "loading" }
  | { readonly kind: "invalid"; readonly error: string }
  | { readonly kind: "job"; readonly job: JsonObject };

export function definitionState(named: NamedJob, parameters: Parameters, files: Files): DefinitionState {
  if (named.kind === "none") return { kind: "empty" };
  if (named.kind !== "job") return named;
  if (named.job.image === undefined && named.job.build === undefined) return { kind: "empty" };
  if (files.kind === "pending") return { kind: "resolving" };
  if (files.kind === "failed") return files;
  const check = definitionOf(named.job, parameters, files.inputs, files.configFiles);
  if (!check.ok) return { kind: "invalid", error: check.error };
  return { kind: "ready", ready: check.value, faults: [...check.faults, ...files.faults] };
}

/** The named job; the short form's definition is fetched once from its queue. */
export function createNamedJob(
  parameters: ReadonlySignal<Parameters>,
  shortId: ReadonlySignal<JobId | undefined>,
  target: ReadonlySignal<QueueTarget | undefined>,
  fetcher: Browser["fetch"],
): ReadonlySignal<NamedJob> {
  const fetched = signal<NamedJob>({ kind: "loading" });
  const wanted = computed(() => (parameters.value.job ? undefined : shortId.value));
  effect(() => {
    const id = wanted.value;
    const at = target.value;
    fetched.value = { kind: "loading" };
    if (!id) return undefined;
    if (!at) {
      fetched.value = { kind: "invalid", error: "This short link names no queue: add #?queue= and its name." };
      return undefined;
    }
    const stop = new AbortController();
    void fetchDefinition(fetcher, at.api + paths.definition(at.queue, id), stop.signal).then((answer) => {
      if (!stop.signal.aborted) fetched.value = answer;
    });
    return () => stop.abort();
  });
  return computed(() => {
    const { job } = parameters.value;
    if (job) return { kind: "job", job };
    return wanted.value ? fetched.value : { kind: "none" };
  });
}

async function fetchDefinition(fetcher: Browser["fetch"], url: string, signal: AbortSignal): Promise<NamedJob> {
  try {
    const response = await fetcher(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]) });
    const parsed = response.ok ? v.safeParse(DefinitionAnswer, await response.json()) : undefined;
    const job = parsed?.success ? parsed.output.data : undefined;
    return isJsonObject(job)
      ? { kind: "job", job }
      : { kind: "invalid", error: "This queue does not know the job of this link." };
  } catch {
    return {
      kind: "invalid",
      error: "The job of this link could not be loaded: its queue's server does not answer. Reload to try again.",
    };
  }
}
