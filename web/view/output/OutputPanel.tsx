// What came out, pictured.

import { previewsOpenMax } from "../../limits.ts";
import type { Page } from "../../state/page.ts";
import { OutputFile } from "./OutputFile.tsx";

export function OutputPanel({ page }: { page: Page }) {
  const result = page.result.value;
  const ready = page.ready.value;
  const target = page.target.value;
  if (result?.kind === "loading") return <p class="empty">The result is on its way.</p>;
  if (result?.kind === "failed") return <p class="empty">{result.error}</p>;
  if (result?.kind !== "ready" || !ready || target.kind !== "target")
    return (
      <p class="empty">
        What the job writes to <code>/outputs</code> appears here once it is done.
      </p>
    );
  const outputs = Object.entries(result.finished.result?.outputs ?? {});
  if (outputs.length === 0)
    return (
      <p class="empty">
        This run left no files. What a program writes to <code>/outputs</code> appears here.
      </p>
    );
  return (
    <ul class="outputs" aria-label="Outputs">
      {outputs.map(([name, ref], index) => (
        <OutputFile
          key={`${ready.id} ${result.finished.time} ${name}`}
          page={page}
          file={{ name, ref, size: result.finished.result?.outputSizes?.[name], id: ready.id, target: target.target }}
          isOpen={index < previewsOpenMax}
        />
      ))}
    </ul>
  );
}
