// An HTML document in a frame that is nobody's: without our origin, without a network, its scripts its own.

import { useEffect, useRef } from "preact/hooks";
import { previewDataBytesMax } from "../../limits.ts";
import { TextPicture } from "./TextPicture.tsx";
import { failedText, type PictureProps, textOf, useHead } from "./useHead.ts";

export function HtmlPicture(props: PictureProps) {
  const { file, fetcher, isLarge } = props;
  const head = useHead(file, previewDataBytesMax, fetcher);
  const frame = useRef<HTMLIFrameElement>(null);
  const text = head.kind === "ready" && head.isWhole ? textOf(head) : undefined;
  useEffect(() => {
    if (text === undefined) return undefined;
    const answer = ({ source, data }: MessageEvent<unknown>) => {
      const target = frame.current?.contentWindow;
      // The frame has no origin to name; its window is what tells it from others.
      if (target && source === target && data === "longshore-preview-ready") target.postMessage(text, "*");
    };
    addEventListener("message", answer);
    return () => removeEventListener("message", answer);
  }, [text]);
  if (head.kind === "loading") return <p class="hint">Loading</p>;
  if (head.kind === "failed") return <p class="hint">{failedText}</p>;
  if (text === undefined) return <TextPicture {...props} />;
  return (
    <iframe
      key={file.hash}
      ref={frame}
      class="document"
      data-large={isLarge}
      sandbox="allow-scripts"
      referrerpolicy="no-referrer"
      src="/preview.html"
      title={`Content of ${file.name}`}
    />
  );
}
