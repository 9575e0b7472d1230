// Begins a new text file, or chooses files of this computer.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { relativePathFault } from "../../../wire/paths.ts";
import type { Page } from "../../state/page.ts";
import { filesOf } from "./fileEdits.ts";

interface Props {
  readonly page: Page;
  readonly said: string;
  readonly onFiles: (files: readonly File[]) => void;
  readonly onNew: (name: string) => void;
}

export function AddFiles({ page, said, onFiles, onNew }: Props) {
  const name = useSignal("");
  const picker = useRef<HTMLInputElement>(null);
  const text = name.value.trim();
  const fault = text === "" ? undefined : relativePathFault(text.replace(/^\//, ""));
  const begin = (event: Event) => {
    event.preventDefault();
    if (text === "" || fault) return;
    const files = filesOf(page);
    if (!(text in files.texts)) files.setText(text, "", true);
    onNew(text);
    name.value = "";
  };
  return (
    <form class="field add-files" onSubmit={begin}>
      <label>
        <span>New file</span>
        <input
          value={name.value}
          placeholder="main.py, or /etc/app.conf"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={fault !== undefined}
          onInput={({ currentTarget }) => (name.value = currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={text === "" || fault !== undefined}>
        Add
      </button>
      <button type="button" onClick={() => picker.current?.click()}>
        Choose files
      </button>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files of this computer"
        onChange={({ currentTarget }) => {
          onFiles(Array.from(currentTarget.files ?? []));
          currentTarget.value = "";
        }}
      />
      <p class={fault ? "fault" : "hint"} role="status">
        {fault ? `The name ${fault}.` : said}
      </p>
    </form>
  );
}
