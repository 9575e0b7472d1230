// Images, SVG among them: drawn as images, which run no scripts and ask for nothing.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { mimeOf } from "../../job/fileKind.ts";
import { previewImageBytesMax, zoomMax, zoomMin } from "../../limits.ts";
import { failedText, type PictureProps, useHead } from "./useHead.ts";

export function ImagePicture({ file, fetcher, isLarge }: PictureProps) {
  const head = useHead(file, previewImageBytesMax, fetcher);
  const url = useSignal("");
  const isBroken = useSignal(false);
  // "fit", or how many screen pixels a pixel of the image gets.
  const zoom = useSignal<number | "fit">("fit");
  const natural = useSignal({ width: 0, height: 0 });
  const width = useComputed(() => (zoom.value === "fit" ? undefined : `${natural.value.width * zoom.value}px`));
  useEffect(() => {
    if (head.kind !== "ready" || !head.isWhole) return undefined;
    const made = URL.createObjectURL(new Blob([head.bytes], { type: mimeOf(file.name) }));
    url.value = made;
    isBroken.value = false;
    return () => URL.revokeObjectURL(made);
  }, [head.kind === "ready" ? head.bytes : undefined]);
  if (head.kind === "failed") return <p class="hint">{failedText}</p>;
  if (head.kind === "ready" && !head.isWhole) return <p class="hint">Too large for a picture here; download it.</p>;
  if (isBroken.value) return <p class="hint">The browser can't read this as an image. Download it to look inside.</p>;
  const scale = (factor: number) => {
    const now = zoom.value === "fit" ? 1 : zoom.value;
    zoom.value = Math.min(zoomMax, Math.max(zoomMin, now * factor));
  };
  return (
    <div class="image-view" data-large={isLarge}>
      {isLarge ? (
        <div class="zoom" role="toolbar" aria-label="Zoom">
          <button type="button" aria-pressed={zoom.value === "fit"} onClick={() => (zoom.value = "fit")}>
            Fit
          </button>
          <button type="button" aria-pressed={zoom.value === 1} onClick={() => (zoom.value = 1)}>
            100 %
          </button>
          <button type="button" aria-label="Smaller" onClick={() => scale(0.8)}>
            −
          </button>
          <button type="button" aria-label="Larger" onClick={() => scale(1.25)}>
            +
          </button>
          <span class="hint">
            {natural.value.width > 0 ? `${natural.value.width} × ${natural.value.height} px` : ""}
            {zoom.value === "fit" ? "" : `, ${Math.round(zoom.value * 100)} %`}
          </span>
        </div>
      ) : null}
      <div class="image-box" tabIndex={isLarge ? 0 : undefined}>
        {url.value ? (
          <img
            class="picture"
            src={url.value}
            alt={`The output ${file.name}`}
            style={{
              width: width.value,
              maxWidth: width.value ? "none" : undefined,
              maxHeight: width.value ? "none" : undefined,
            }}
            onLoad={({ currentTarget }) => {
              natural.value = { width: currentTarget.naturalWidth, height: currentTarget.naturalHeight };
            }}
            onError={() => (isBroken.value = true)}
          />
        ) : (
          <p class="hint">Loading</p>
        )}
      </div>
    </div>
  );
}
