// One output: its name, size and type, a picture of it, and the file itself. A stranger's bytes are shown as an image or
// as text, never as a document.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { DataRef } from "../../../wire/dataRef.ts";
import { paths } from "../../../wire/http.ts";
import type { JobId } from "../../../wire/ids.ts";
import { bytesOfRef } from "../../frame/outputs.ts";
import { mimeOf, type Pictured, picturedAs, sizeText } from "../../job/fileKind.ts";
import { previewImageBytesMax, previewTextBytesMax, previewTextFetchBytesMax } from "../../limits.ts";
import { fetchOutput } from "../../state/outputs.ts";
import type { Page } from "../../state/page.ts";
import type { QueueTarget } from "../../url/target.ts";
import { Icon } from "../icons.tsx";
import { ScrolledText } from "./ScrolledText.tsx";

interface ShownFile {
  readonly name: string;
  readonly ref: DataRef;
  readonly size: number | undefined;
  readonly id: JobId;
  readonly target: QueueTarget;
}

type Preview =
  | { readonly kind: "loading" }
  | { readonly kind: "image"; readonly url: string }
  | { readonly kind: "text"; readonly text: string; readonly isCut: boolean }
  | { readonly kind: "none"; readonly why: string };

export function OutputFile({ page, file, isOpen }: { page: Page; file: ShownFile; isOpen: boolean }) {
  const url = file.target.api + paths.output(file.target.queue, file.id, file.name);
  const open = useSignal(isOpen);
  const size = sizeOf(file);
  return (
    <li class="output">
      <div class="output-head">
        <button type="button" class="quiet name" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
          {file.name}
        </button>
        <span class="meta">
          {size === undefined ? "" : `${sizeText(size)} · `}
          {mimeOf(file.name)}
        </span>
        <a
          class="button quiet"
          href={url}
          download={file.name.split("/").at(-1)}
          target="_blank"
          rel="noreferrer"
          aria-label={`Download ${file.name}`}
        >
          <Icon name="download" />
        </a>
      </div>
      {open.value ? <PreviewOf page={page} file={file} url={url} /> : null}
    </li>
  );
}

function PreviewOf({ page, file, url }: { page: Page; file: ShownFile; url: string }) {
  const preview = useSignal<Preview>({ kind: "loading" });
  useEffect(() => {
    const release = new AbortController();
    const load = async () => {
      const made = await previewOf(file, () => fetchOutput(page.browser.fetch, url));
      if (made.kind === "image") release.signal.addEventListener("abort", () => URL.revokeObjectURL(made.url));
      if (release.signal.aborted && made.kind === "image") URL.revokeObjectURL(made.url);
      if (!release.signal.aborted) preview.value = made;
    };
    void load();
    return () => release.abort();
  }, [url]);
  const { value } = preview;
  switch (value.kind) {
    case "loading":
      return <p class="hint">Loading</p>;
    case "image":
      return <img class="picture" src={value.url} alt={`The output ${file.name}`} />;
    case "text":
      return (
        <>
          <ScrolledText text={value.text} label={`The beginning of ${file.name}`} />
          {value.isCut ? <p class="hint">The file goes on; download it to see all.</p> : null}
        </>
      );
    case "none":
      return <p class="hint">{value.why}</p>;
  }
}

async function previewOf(file: ShownFile, load: () => Promise<Uint8Array<ArrayBuffer>>): Promise<Preview> {
  const kind = picturedAs(file.name);
  const size = sizeOf(file);
  const sizeMax: Readonly<Record<Pictured, number>> = {
    image: previewImageBytesMax,
    json: previewTextFetchBytesMax,
    text: previewTextFetchBytesMax,
    none: 0,
  };
  if (kind === "none") return { kind: "none", why: "This kind of file has no picture; download it to open it." };
  if (size !== undefined && size > sizeMax[kind])
    return { kind: "none", why: "Too large for a picture here; download it to open it." };
  try {
    const bytes = new Uint8Array(await bytesOfRef(file.ref, load));
    if (kind === "image")
      return { kind: "image", url: URL.createObjectURL(new Blob([bytes], { type: mimeOf(file.name) })) };
    const text = new TextDecoder().decode(bytes.subarray(0, previewTextBytesMax));
    if (text.includes("\u0000"))
      return { kind: "none", why: "These are not words but bytes; download the file to open it." };
    const isCut = bytes.length > previewTextBytesMax;
    return { kind: "text", text: kind === "json" && !isCut ? indented(text) : text, isCut };
  } catch {
    return { kind: "none", why: "The file could not be loaded. Downloading it may say why." };
  }
}

/** JSON on several lines; text that is none stays as it is. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function sizeOf({ ref, size }: ShownFile): number | undefined {
  if (size !== undefined) return size;
  if (ref.type === "base64") return Math.floor((ref.value.replace(/=+$/, "").length * 3) / 4);
  if (ref.type === "url" || ref.type === "key") return undefined;
  return new TextEncoder().encode(ref.type === "json" ? JSON.stringify(ref.value) : ref.value).length;
}
