// Text as it stands, a piece at a time.

import { useSignal } from "@preact/signals";
import { previewTextBytesMax } from "../../limits.ts";
import { ScrolledText } from "../ScrolledText.tsx";
import { HexPicture } from "./HexPicture.tsx";
import { failedText, type PictureProps, textOf, useHead } from "./useHead.ts";

export function TextPicture(props: PictureProps) {
  const { file, fetcher } = props;
  const bytesMax = useSignal(previewTextBytesMax);
  const head = useHead(file, bytesMax.value, fetcher);
  if (head.kind === "loading") return <p class="hint">Loading</p>;
  if (head.kind === "failed") return <p class="hint">{failedText}</p>;
  const text = textOf(head);
  if (text === undefined) return <HexPicture {...props} />;
  if (text === "") return <p class="hint">The file is empty.</p>;
  return (
    <>
      <ScrolledText text={text} label={`Content of ${file.name}`} />
      {head.isWhole ? null : (
        <p class="more">
          <span class="hint">The file goes on.</span>{" "}
          <button type="button" onClick={() => (bytesMax.value *= 2)}>
            Show more
          </button>
        </p>
      )}
    </>
  );
}
