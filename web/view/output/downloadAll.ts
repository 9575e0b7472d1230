// All files of a run as one zip. Where the browser lets a page write a file, the archive goes there as it is made;
// elsewhere the browser keeps it until it is saved, which large ones it does on disk.

import { makeZip } from "client-zip";
import * as v from "valibot";
import { transferTimeoutMs } from "../../limits.ts";
import type { OutputFile } from "../../state/outputFiles.ts";

export async function downloadAll(files: readonly OutputFile[], id: string, fetcher: typeof fetch): Promise<void> {
  const name = `outputs-${id.slice(0, 8)}.zip`;
  const target = await chosenFile(name);
  if (target === "cancelled") return;
  const archive = makeZip(entries(files, fetcher));
  if (target) return archive.pipeTo(target);
  const url = URL.createObjectURL(await new Response(archive).blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(url), transferTimeoutMs);
}

/** One request at a time, each begun when the one before is in the archive. */
async function* entries(files: readonly OutputFile[], fetcher: typeof fetch) {
  for (const { name, content, time } of files) {
    const lastModified = new Date(time);
    if (typeof content !== "string") {
      yield { name, lastModified, input: content };
      continue;
    }
    const response = await fetcher(content, { signal: AbortSignal.timeout(transferTimeoutMs) });
    if (!response.ok || !response.body) throw new Error(`The server answered ${response.status} for ${name}.`);
    yield { name, lastModified, input: response.body };
  }
}

const Picker = v.object({ showSaveFilePicker: v.function() });
const Handle = v.object({ createWritable: v.function() });

async function chosenFile(suggestedName: string): Promise<WritableStream<Uint8Array> | "cancelled" | undefined> {
  const picker = v.safeParse(Picker, window);
  if (!picker.success) return undefined;
  try {
    const handle: unknown = await picker.output.showSaveFilePicker.call(window, { suggestedName });
    if (!v.is(Handle, handle)) return undefined;
    const stream: unknown = await handle.createWritable.call(handle);
    return stream instanceof WritableStream ? stream : undefined;
  } catch (error) {
    // Frames of other origins may not ask; a person who closes the question wants nothing.
    return error instanceof DOMException && error.name === "AbortError" ? "cancelled" : undefined;
  }
}
