// A PDF in the browser's own viewer.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { previewImageBytesMax } from "../../limits.ts";
import { failedText, type PictureProps, useHead } from "./useHead.ts";

export function PdfPicture({ file, fetcher, isLarge }: PictureProps) {
  const head = useHead(file, previewImageBytesMax, fetcher);
  const url = useSignal("");
  useEffect(() => {
    if (head.kind !== "ready" || !head.isWhole) return undefined;
    const made = URL.createObjectURL(new Blob([head.bytes], { type: "application/pdf" }));
    url.value = made;
    return () => URL.revokeObjectURL(made);
  }, [head.kind === "ready" ? head.bytes : undefined]);
  if (head.kind === "failed") return <p class="hint">{failedText}</p>;
  if (head.kind === "ready" && !head.isWhole) return <p class="hint">Too large to be shown here; download it.</p>;
  if (!navigator.pdfViewerEnabled)
    return <p class="hint">This browser shows no PDF in a page; download it to read it.</p>;
  if (!url.value) return <p class="hint">Loading</p>;
  return (
    <iframe
      class="document"
      data-large={isLarge}
      src={`${url.value}#navpanes=0&view=FitH`}
      title={`Content of ${file.name}`}
    />
  );
}
