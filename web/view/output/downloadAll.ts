// All files of a run as one zip, never held in memory: it goes into a file that a person chose as it is made, or through
// one of the browser's own for this page. Where there is neither, only what fits in memory is packed.

import { makeZip } from "client-zip";
import * as v from "valibot";
import { sizeText } from "../../job/fileKind.ts";
import { transferTimeoutMs, zipMemoryBytesMax } from "../../limits.ts";
import type { OutputFile } from "../../state/outputFiles.ts";

/** @throws an error whose message is for a person. */
export async function downloadAll(files: readonly OutputFile[], id: string, fetcher: typeof fetch): Promise<void> {
  const name = `outputs-${id.slice(0, 8)}.zip`;
  const target = await chosenFile(name);
  if (target === "cancelled") return;
  const archive = () => makeZip(entries(files, fetcher));
  if (target) return archive().pipeTo(target);
  const scratch = await scratchFile();
  if (scratch) await archive().pipeTo(await scratch.createWritable());
  const bytes = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
  if (!scratch && bytes > zipMemoryBytesMax)
    throw new Error(
      `This browser packs at most ${sizeText(zipMemoryBytesMax)} at once, and these are ${sizeText(bytes)}: download the files one by one.`,
    );
  const url = URL.createObjectURL(scratch ? await scratch.getFile() : await new Response(archive()).blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(url), transferTimeoutMs);
}

/** A file of the browser's own for this page, on disk. The one of the last time is overwritten. */
async function scratchFile(): Promise<FileSystemFileHandle | undefined> {
  try {
    const folder = await navigator.storage.getDirectory();
    const file = await folder.getFileHandle("outputs.zip", { create: true });
    return "createWritable" in file ? file : undefined;
  } catch {
    // Plain http, a private window, or a browser that keeps nothing for frames of other origins.
    return undefined;
  }
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
