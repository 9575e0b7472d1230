// What came out, pictured.

import { useSignal } from "@preact/signals";
import { sizeText } from "../../job/fileKind.ts";
import { previewsOpenMax } from "../../limits.ts";
import { Icon } from "../icons.tsx";
import type { ViewProps } from "../shell.ts";
import { OutputRow } from "./OutputFile.tsx";
import "./output.css";
import { thousands } from "../../job/thousands.ts";

export function OutputPanel({ page }: ViewProps) {
  const result = page.result.value;
  const files = page.outputs.files.value;
  const gone = page.outputs.gone.value;
  if (result?.kind === "loading") return <p class="empty">The result is on its way.</p>;
  if (result?.kind === "failed") return <p class="empty">{result.error}</p>;
  if (result?.kind !== "ready")
    return (
      <p class="empty">
        What the job writes to <code>/outputs</code> appears here once it is done.
      </p>
    );
  if (files.length === 0)
    return (
      <p class="empty">
        This run left no files. What a program writes to <code>/outputs</code> appears here.
      </p>
    );
  const bytes = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
  return (
    <>
      {files.length > 1 ? (
        <div class="output-all">
          <span class="hint">
            {thousands(files.length)} files · {sizeText(bytes)}
            {gone.length > 0 ? ` · no longer made: ${gone.join(", ")}` : ""}
          </span>
          <DownloadAll page={page} />
        </div>
      ) : null}
      <ul class="outputs" aria-label="Outputs">
        {files.map((file, index) => (
          <OutputRow
            key={file.name}
            file={file}
            files={files}
            fetcher={page.browser.fetch}
            isOpen={index < previewsOpenMax}
          />
        ))}
      </ul>
    </>
  );
}

function DownloadAll({ page }: Pick<ViewProps, "page">) {
  const isBusy = useSignal(false);
  const fault = useSignal("");
  const download = async () => {
    isBusy.value = true;
    fault.value = "";
    try {
      // Loaded with the click: most people never need it.
      const { downloadAll } = await import("./downloadAll.ts");
      await downloadAll(page.outputs.files.peek(), page.ready.peek()?.id ?? "outputs", page.browser.fetch);
    } catch (error) {
      fault.value = error instanceof Error ? error.message : "A file could not be loaded. Try again.";
    }
    isBusy.value = false;
  };
  return (
    <span class="actions">
      {fault.value ? <span role="alert">{fault.value}</span> : null}
      <button type="button" class="quiet" disabled={isBusy.value} onClick={() => void download()}>
        <Icon name="download" />
        {isBusy.value ? "Packing" : "Download all"}
      </button>
    </span>
  );
}
