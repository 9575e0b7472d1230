// The first bytes of a file, for kinds that nothing else pictures.

import { thousands } from "../../job/thousands.ts";
import { previewHexBytesMax, previewHexRowBytes } from "../../limits.ts";
import { ScrolledText } from "../ScrolledText.tsx";
import { failedText, type PictureProps, useHead } from "./useHead.ts";

export function HexPicture({ file, fetcher }: PictureProps) {
  const head = useHead(file, previewHexBytesMax, fetcher);
  if (head.kind === "loading") return <p class="hint">Loading</p>;
  if (head.kind === "failed") return <p class="hint">{failedText}</p>;
  if (head.bytes.length === 0) return <p class="hint">The file is empty.</p>;
  return (
    <>
      <ScrolledText text={hexOf(head.bytes)} label={`Content of ${file.name}`} />
      {head.isWhole ? null : <p class="hint">The first {thousands(head.bytes.length)} bytes.</p>}
    </>
  );
}

/** Rows of offset, bytes in hexadecimal, and the printable ones as characters. */
export function hexOf(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += previewHexRowBytes) {
    const row = Array.from(bytes.subarray(at, at + previewHexRowBytes));
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    rows.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(previewHexRowBytes * 3)} ${text}`);
  }
  return rows.join("\n");
}
