// Files of a person: text goes into the address, everything else to the store with a reference in the definition.

import { contentOf } from "../../frame/values.ts";
import { withField } from "../../job/edit.ts";
import { addressTextBytesMax } from "../../limits.ts";
import type { Page } from "../../state/page.ts";
import { encodeJson } from "../../url/codec.ts";

export function filesOf(page: Page) {
  const texts = page.address.parameters.peek().inputs ?? {};
  return {
    texts,
    /** The name, or the next that nobody has. */
    freeName(wanted: string): string {
      const [, stem = wanted, end = ""] = /^(.*?)(\.[^.]*)?$/.exec(wanted) ?? [];
      for (let n = 1; ; n++) {
        const name = n === 1 ? wanted : `${stem}-${n}${end}`;
        if (!(name in texts)) return name;
      }
    },
    setText: (name: string, text: string, isNewStep: boolean) =>
      page.address.write({ inputs: encodeJson({ ...texts, [name]: text }) }, isNewStep),
    remove(name: string) {
      const rest = Object.fromEntries(Object.entries(texts).filter(([other]) => other !== name));
      page.address.write({ inputs: Object.keys(rest).length > 0 ? encodeJson(rest) : undefined }, true);
    },
    rename(from: string, to: string) {
      const next = Object.entries(texts).map(([name, text]) => [name === from ? to : name, text]);
      page.address.write({ inputs: encodeJson(Object.fromEntries(next)) }, true);
    },
  };
}

export function removeFile(page: Page, name: string): void {
  const named = page.named.peek();
  if (named.kind !== "job") return;
  const job = withField(withField(named.job, ["inputs", name], undefined), ["configFiles", name], undefined);
  page.address.write({ job: encodeJson(job) }, true);
}

/** Adds files. @throws an Error with a sentence when one can't be stored. */
export async function addFiles(page: Page, files: readonly File[]): Promise<void> {
  for (const file of files) {
    // A folder's files keep their places in it.
    const name = file.webkitRelativePath || file.name;
    const text = await shortText(file);
    if (text !== undefined) {
      filesOf(page).setText(name, text, true);
      continue;
    }
    const content = await contentOf(file);
    if (content.kind === "nothing") continue;
    if (content.kind === "unreadable") throw new Error(`${name}: ${content.message}`);
    const ref = await page.transfers.upload(name, content, page.api.peek(), new AbortController().signal);
    const named = page.named.peek();
    const job = named.kind === "job" ? named.job : {};
    page.address.write({ job: encodeJson(withField(job, ["inputs", name], ref)) }, true);
  }
}

/** A text that the address can hold. */
async function shortText(file: File): Promise<string | undefined> {
  if (file.size > addressTextBytesMax) return undefined;
  const bytes = await file.arrayBuffer().catch(() => undefined);
  return bytes && textIn(bytes);
}

function textIn(bytes: ArrayBuffer): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\u0000") ? undefined : text;
  } catch {
    return undefined;
  }
}
