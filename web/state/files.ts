// The job's files: values from pipes and texts from the address, turned into data refs, uploaded where they are large.
// A run that was overtaken by a newer value is abandoned, but for uploads of values that stay; what failed is tried again with
// the next change.

import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { DataRef } from "../../wire/dataRef.ts";
import { inputPath } from "../../wire/paths.ts";
import { jobPipes } from "../frame/jobPipe.ts";
import { UnreadableError, UploadError } from "../frame/uploads.ts";
import { contentOf } from "../frame/values.ts";
import type { DataRefs } from "../job/definition.ts";
import { uploadsAtOnceMax } from "../limits.ts";
import type { Fault } from "../url/parameters.ts";
import type { Transfers } from "./transfers.ts";

export type Files =
  | { readonly kind: "pending" }
  | { readonly kind: "failed"; readonly error: string }
  | {
      readonly kind: "ready";
      readonly inputs: DataRefs;
      readonly configFiles: DataRefs;
      readonly faults: readonly Fault[];
    };

export type Values = Readonly<Record<string, unknown>>;
type Resolved = { readonly ref: DataRef } | { readonly fault: Fault } | "nothing";

export interface FilesState {
  readonly files: ReadonlySignal<Files>;
  retry(): void;
}

export function createFiles(
  sources: {
    readonly pipes: ReadonlySignal<Values>;
    readonly texts: ReadonlySignal<Values>;
    readonly api: ReadonlySignal<string>;
  },
  { upload }: Pick<Transfers, "upload">,
): FilesState {
  const files = signal<Files>({ kind: "pending" });
  const attempt = signal(0);
  const inputs = createResolver(upload);
  const configFiles = createResolver(upload);

  effect(() => {
    attempt.value;
    const pipes = Object.fromEntries(
      Object.entries(sources.pipes.value)
        .filter(([name]) => !jobPipes.includes(name))
        .map(([name, value]) => [inputPath(name), value]),
    );
    const texts = sources.texts.value;
    const api = sources.api.value;
    const stop = new AbortController();
    files.value = { kind: "pending" };
    const run = async () => {
      try {
        const [ins, configs] = await Promise.all([
          inputs(pipes, api, stop.signal),
          configFiles(texts, api, stop.signal),
        ]);
        if (!stop.signal.aborted)
          files.value = {
            kind: "ready",
            inputs: ins.refs,
            configFiles: configs.refs,
            faults: [...ins.faults, ...configs.faults],
          };
      } catch (error) {
        if (stop.signal.aborted) return;
        const why = error instanceof UploadError ? error.message : "something in this page broke";
        files.value = {
          kind: "failed",
          error: `An input could not be uploaded: ${why}. It is tried again with the next change.`,
        };
        if (!(error instanceof UploadError)) throw error;
      }
    };
    void run();
    return () => stop.abort();
  });
  return { files, retry: () => attempt.value++ };
}

interface Known {
  readonly value: unknown;
  readonly api: string;
  readonly stop: AbortController;
  readonly resolved: Promise<Resolved>;
}

/** Resolves a map of values. One that is still the same is not looked at again, and goes on where it is on its way. */
function createResolver(upload: Transfers["upload"]) {
  const known = new Map<string, Known>();

  const resolve = async (name: string, value: unknown, api: string, signal: AbortSignal): Promise<Resolved> => {
    const content = await contentOf(value);
    if (content.kind === "nothing") return "nothing";
    const leftOut = (message: string) => ({ fault: { where: name, message: `${message} It was left out.` } });
    if (content.kind === "unreadable") return leftOut(content.message);
    try {
      return { ref: await upload(name, content, api, signal) };
    } catch (error) {
      if (error instanceof UnreadableError) return leftOut(error.message);
      throw error;
    }
  };
  const begin = (name: string, value: unknown, api: string): Known => {
    const stop = new AbortController();
    const one = { value, api, stop, resolved: resolve(name, value, api, stop.signal) };
    known.set(name, one);
    // What failed is begun anew with the next change; who waits for it hears why.
    one.resolved.catch(() => {
      if (known.get(name) === one) known.delete(name);
    });
    return one;
  };
  const dropOthers = (values: Values, api: string) => {
    for (const [name, one] of known) {
      if (values[name] === one.value && api === one.api) continue;
      one.stop.abort();
      known.delete(name);
    }
  };

  return async (
    values: Values,
    api: string,
    signal: AbortSignal,
  ): Promise<{ refs: DataRefs; faults: readonly Fault[] }> => {
    dropOthers(values, api);
    const entries = Object.entries(values);
    const found = new Map<string, Resolved>();
    const worker = async (start: number) => {
      for (let i = start; i < entries.length; i += uploadsAtOnceMax) {
        const [name, value] = entries[i] ?? ["", undefined];
        signal.throwIfAborted();
        found.set(name, await (known.get(name) ?? begin(name, value, api)).resolved);
      }
    };
    await Promise.all(Array.from({ length: uploadsAtOnceMax }, (_, start) => worker(start)));
    signal.throwIfAborted();
    const refs: [string, DataRef][] = [];
    const faults: Fault[] = [];
    for (const [name] of entries) {
      const resolved = found.get(name);
      if (resolved === undefined || resolved === "nothing") continue;
      if ("ref" in resolved) refs.push([name, resolved.ref]);
      else faults.push(resolved.fault);
    }
    return { refs: Object.fromEntries(refs), faults };
  };
}
