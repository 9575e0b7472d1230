// The beginning of a file, for whoever pictures it: loading, failed or there.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Head, headOf } from "../../state/outputBytes.ts";
import type { OutputFile } from "../../state/outputFiles.ts";

export interface PictureProps {
  readonly file: OutputFile;
  /** All files of the run: a document may show another one. */
  readonly files: readonly OutputFile[];
  readonly fetcher: typeof fetch;
  /** It has the window for itself. */
  readonly isLarge: boolean;
}

type Loaded = { readonly kind: "loading" } | { readonly kind: "failed" } | ({ readonly kind: "ready" } & Head);

export function useHead(file: OutputFile, bytesMax: number, fetcher: typeof fetch): Loaded {
  const state = useSignal<Loaded>({ kind: "loading" });
  useEffect(() => {
    const stop = new AbortController();
    headOf(file, bytesMax, fetcher, stop.signal).then(
      (head) => {
        if (!stop.signal.aborted) state.value = { kind: "ready", ...head };
      },
      () => {
        if (!stop.signal.aborted) state.value = { kind: "failed" };
      },
    );
    return () => stop.abort();
  }, [file.content, bytesMax]);
  return state.value;
}

/** UTF-8 text, or undefined for what is none. A character that the end cuts in two is left out. */
export function textOf({ bytes }: Head): string | undefined {
  const text = new TextDecoder().decode(bytes);
  if (text.includes("\u0000")) return undefined;
  return text.replace(/\ufffd$/, "");
}

export const failedText = "The file could not be loaded. Downloading it may say why.";
