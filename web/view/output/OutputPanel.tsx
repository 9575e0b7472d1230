// What came out, pictured.

import { useSignal } from "@preact/signals";
import { sizeText } from "../../job/fileKind.ts";
import { previewsOpenMax } from "../../limits.ts";
import { Icon } from "../icons.tsx";
import type { ViewProps } from "../shell.ts";
import { OutputRow } from "./OutputFile.tsx";
import "./output.css";

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
            {files.length.toLocaleString("en")} files · {sizeText(bytes)}
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
  const state = useSignal<"ready" | "busy" | "failed">("ready");
  const download = async () => {
    state.value = "busy";
    try {
      // Loaded with the click: most people never need it.
      const { downloadAll } = await import("./downloadAll.ts");
      await downloadAll(page.outputs.files.peek(), page.ready.peek()?.id ?? "outputs", page.browser.fetch);
      state.value = "ready";
    } catch {
      state.value = "failed";
    }
  };
  return (
    <span class="actions">
      {state.value === "failed" ? <span role="alert">A file could not be loaded. Try again.</span> : null}
      <button type="button" class="quiet" disabled={state.value === "busy"} onClick={() => void download()}>
        <Icon name="download" />
        {state.value === "busy" ? "Packing" : "Download all"}
      </button>
    </span>
  );
}
