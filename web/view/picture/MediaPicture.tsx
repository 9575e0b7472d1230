// Sound and film. From the page's own server they are played as they stream; other servers' are loaded first, since the
// page may show nothing of them directly.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { mimeOf } from "../../job/fileKind.ts";
import { previewImageBytesMax } from "../../limits.ts";
import { headOf } from "../../state/outputBytes.ts";
import { failedText, type PictureProps } from "./useHead.ts";

type Source =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "loading" }
  | { readonly kind: "failed" }
  | { readonly kind: "tooLarge" };

export function MediaPicture({ file, fetcher }: PictureProps) {
  const source = useSignal<Source>({ kind: "loading" });
  const isBroken = useSignal(false);
  const isVideo = mimeOf(file.name).startsWith("video/");
  useEffect(() => {
    isBroken.value = false;
    if (typeof file.content === "string" && new URL(file.url).origin === location.origin) {
      source.value = { kind: "url", url: file.url };
      return undefined;
    }
    const stop = new AbortController();
    const load = async () => {
      const { bytes, isWhole } = await headOf(file, previewImageBytesMax, fetcher, stop.signal);
      if (stop.signal.aborted) return;
      if (!isWhole) {
        source.value = { kind: "tooLarge" };
        return;
      }
      const url = URL.createObjectURL(new Blob([bytes], { type: mimeOf(file.name) }));
      stop.signal.addEventListener("abort", () => URL.revokeObjectURL(url));
      source.value = { kind: "url", url };
    };
    load().catch(() => {
      if (!stop.signal.aborted) source.value = { kind: "failed" };
    });
    return () => stop.abort();
  }, [file.content, file.url]);
  const { value } = source;
  if (value.kind === "loading") return <p class="hint">Loading</p>;
  if (value.kind === "failed") return <p class="hint">{failedText}</p>;
  if (value.kind === "tooLarge") return <p class="hint">Too large to be played here; download it.</p>;
  if (isBroken.value) return <p class="hint">The browser can't play this. Download it to play it elsewhere.</p>;
  const props = {
    class: "media",
    src: value.url,
    controls: true,
    preload: "metadata",
    "aria-label": `The output ${file.name}`,
    onError: () => {
      isBroken.value = true;
    },
  } as const;
  return isVideo ? <video {...props} /> : <audio {...props} />;
}
