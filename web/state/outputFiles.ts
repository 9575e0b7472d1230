// What a finished run left behind, as the page shows it: each file with its size, hash and place, and whether it differs
// from the one of the same name of the run before.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { bytesOfBase64, type DataRef } from "../../wire/dataRef.ts";
import { paths } from "../../wire/http.ts";
import { contentHashOf, type JobId } from "../../wire/ids.ts";
import type { Finished } from "../../wire/result.ts";
import { portableRef } from "../frame/outputs.ts";
import type { QueueTarget } from "../url/target.ts";

/** A finished run whose result is here. */
export interface ShownRun {
  readonly run: string;
  readonly id: JobId;
  readonly target: QueueTarget;
  readonly finished: Finished;
}

export interface OutputFile {
  readonly name: string;
  /** Undefined where nobody has said. */
  readonly size: number | undefined;
  /** SHA-256, hex. */
  readonly hash: string | undefined;
  /** Epoch ms of the run's end. */
  readonly time: number;
  /** The bytes that came with the result, or where they are. */
  readonly content: Uint8Array<ArrayBuffer> | string;
  /** Downloads it under its own name. */
  readonly url: string;
  /** Compared with the run before; undefined when there was none. */
  readonly change: "new" | "changed" | "same" | undefined;
  readonly before: OutputFile | undefined;
}

export function outputFilesOf(run: ShownRun, before: ShownRun | undefined): readonly OutputFile[] {
  const former = new Map(before ? outputFilesOf(before, undefined).map((file) => [file.name, file]) : []);
  return Object.entries(run.finished.result?.outputs ?? {}).map(([name, ref]) => {
    const content = contentOf(ref, run.target.api);
    const hash = hashOf(ref, content);
    const old = former.get(name);
    return {
      name,
      size: run.finished.result?.outputSizes?.[name] ?? (typeof content === "string" ? undefined : content.length),
      hash,
      time: run.finished.time,
      content,
      url: run.target.api + paths.output(run.target.queue, run.id, name),
      change: before ? (old ? (hash !== undefined && old.hash === hash ? "same" : "changed") : "new") : undefined,
      before: old,
    };
  });
}

function contentOf(ref: DataRef, api: string): OutputFile["content"] {
  const portable = portableRef(ref, api);
  switch (portable.type) {
    case "url":
    case "key":
      return portable.value;
    case "base64":
      return bytesOfBase64(portable.value) ?? new Uint8Array();
    case "json":
      return new TextEncoder().encode(JSON.stringify(portable.value));
    default:
      return new TextEncoder().encode(portable.value);
  }
}

function hashOf(ref: DataRef, content: OutputFile["content"]): string | undefined {
  if (ref.hash) return ref.hash;
  if (typeof content !== "string") return bytesToHex(sha256(content));
  const key = URL.canParse(content) ? /^\/f\/([^/]+)$/.exec(new URL(content).pathname)?.[1] : undefined;
  return key === undefined ? undefined : contentHashOf(key);
}

export interface OutputFiles {
  readonly files: ReadonlySignal<readonly OutputFile[]>;
  /** Names that the run before left and this one did not. */
  readonly gone: ReadonlySignal<readonly string[]>;
}

/** Follows the run in view; the one that was in view before it is what it is compared with. */
export function followOutputs(shown: ReadonlySignal<ShownRun | undefined>): OutputFiles {
  const pair = signal<{ readonly now?: ShownRun; readonly before?: ShownRun }>({});
  effect(() => {
    const now = shown.value;
    const last = pair.peek();
    if (!now || now.run === last.now?.run) return;
    pair.value = last.now ? { now, before: last.now } : { now };
  });
  const files = computed(() => {
    const { now, before } = pair.value;
    return now && shown.value ? outputFilesOf(now, before) : [];
  });
  return {
    files,
    gone: computed(() => {
      const names = new Set(files.value.map(({ name }) => name));
      return Object.keys(pair.value.before?.finished.result?.outputs ?? {}).filter((name) => !names.has(name));
    }),
  };
}
