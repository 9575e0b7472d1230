// What goes in and where it comes from: values of the metapage, files of the address and of the definition, variables.
// Text files are edited here; other files are dropped or pasted, and go to the store.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { jobPipes } from "../../frame/jobPipe.ts";
import { partOf } from "../../job/edit.ts";
import { sizeText } from "../../job/fileKind.ts";
import { isJsonObject } from "../../url/codec.ts";
import { ErrorBoundary } from "../ErrorBoundary.tsx";
import { lazy } from "../lazy.tsx";
import type { ViewProps } from "../shell.ts";
import { AddFiles } from "./AddFiles.tsx";
import { FileRow } from "./FileRow.tsx";
import { addFiles, filesOf, removeFile } from "./fileEdits.ts";
import { TransferList } from "./TransferList.tsx";
import "./inputs.css";
import { droppedFiles } from "./dropped.ts";

const Editor = lazy<ViewProps & { readonly name: string }>(async () => (await import("./Editor.tsx")).Editor);

export function InputsPanel({ page, shell }: ViewProps) {
  const { inputs = {}, variables } = page.address.parameters.value;
  const named = page.named.value;
  const job = named.kind === "job" ? named.job : {};
  const pipes = Object.entries(page.pipes.value).filter(([name, value]) => value != null && !jobPipes.includes(name));
  const texts = Object.keys(inputs);
  const refs = Object.entries({ ...partOf(job, "inputs"), ...partOf(job, "configFiles") });
  const chosen = useSignal<string | undefined>(undefined);
  const isOver = useSignal(false);
  const said = useSignal("");
  const open = chosen.value !== undefined && chosen.value in inputs ? chosen.value : texts[0];

  const add = async (chosenFiles: readonly File[] | Promise<readonly File[]>) => {
    try {
      const files = await chosenFiles;
      said.value = `Adding ${files.length} ${files.length === 1 ? "file" : "files"}`;
      await addFiles(page, files);
      said.value = "";
    } catch (error) {
      said.value = error instanceof Error ? error.message : "The files could not be added.";
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    isOver.value = false;
    if (event.dataTransfer) void add(droppedFiles(event.dataTransfer));
  };
  const paste = (event: ClipboardEvent) => {
    // In a field or the editor, pasting is its own affair.
    if (event.target instanceof HTMLElement && event.target.closest("input, textarea, .editor")) return;
    const { files } = event.clipboardData ?? { files: [] };
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (files.length > 0) void add(Array.from(files));
    else if (text !== "") void add([new File([text], filesOf(page).freeName("pasted.txt"))]);
    else return;
    event.preventDefault();
  };
  return (
    <section
      class="inputs"
      aria-label="Files that go in"
      data-over={isOver.value}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => (isOver.value = false)}
      onDrop={drop}
      onPaste={paste}
    >
      <AddFiles
        page={page}
        said={said.value}
        onFiles={(files) => void add(files)}
        onNew={(name) => (chosen.value = name)}
      />
      <TransferList transfers={page.transfers} />
      {pipes.length + texts.length + refs.length + variables.size === 0 ? (
        <p class="empty">
          Values that other metaframes send arrive as files in <code>/inputs</code>. Drop files or folders here, paste
          text, or begin a new file.
        </p>
      ) : null}
      {texts.length > 0 ? (
        <section aria-label="Text files of the address">
          <div class="file-tabs" role="tablist" aria-label="Text files">
            {texts.map((name) => (
              <button
                key={name}
                type="button"
                role="tab"
                class="quiet"
                aria-selected={name === open}
                onClick={() => (chosen.value = name)}
              >
                {name}
              </button>
            ))}
          </div>
          {open === undefined ? null : (
            <ErrorBoundary key={open} part="The editor">
              <Editor page={page} shell={shell} name={open} />
            </ErrorBoundary>
          )}
        </section>
      ) : null}
      {pipes.length > 0 ? (
        <Group title="From the metapage">
          {pipes.map(([name, value]) => (
            <FileRow key={name} name={name} about={kindOf(value)} preview={previewOf(value)} />
          ))}
        </Group>
      ) : null}
      {refs.length > 0 ? (
        <Group title="From the definition">
          {refs.map(([name, ref]) => (
            <FileRow
              key={name}
              name={name}
              about={aboutRef(ref)}
              preview={isJsonObject(ref) ? previewOf(ref.value) : ""}
              onRemove={() => removeFile(page, name)}
            />
          ))}
        </Group>
      ) : null}
      {variables.size > 0 ? (
        <Group title="Variables of the address">
          {[...variables].map(([name, value]) => (
            <FileRow key={name} name={name} about={value.slice(0, 80)} preview={value} />
          ))}
        </Group>
      ) : null}
    </section>
  );
}

function Group({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="input-group">
      <h2>{title}</h2>
      <ul aria-label={title}>{children}</ul>
    </section>
  );
}

function kindOf(value: unknown): string {
  if (typeof value === "string")
    return value.startsWith("data:") ? "data" : `text, ${value.length.toLocaleString("en")} characters`;
  if (value instanceof Blob) return `file, ${sizeText(value.size)}`;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return sizeText(value.byteLength);
  if (Array.isArray(value)) return `list of ${value.length}`;
  return typeof value === "object" ? "object" : `${typeof value} ${String(value)}`;
}

function aboutRef(ref: unknown): string {
  if (!isJsonObject(ref)) return "";
  const type = String(ref.type ?? "utf8");
  return type === "url" || type === "key" ? String(ref.value) : `${type}, in the address itself`;
}

/** The beginning of what can be read. */
function previewOf(value: unknown): string {
  if (typeof value === "string") return value.slice(0, 2_000);
  if (value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return "";
  try {
    return (JSON.stringify(value, null, 2) ?? "").slice(0, 2_000);
  } catch {
    // A structured clone may carry cycles and big integers.
    return "";
  }
}
