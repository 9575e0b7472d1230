// A text to copy, with its button. Where the browser gives no clipboard (plain http), it is selected instead.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Icon } from "./icons.tsx";

export function CopyText({ text, label }: { text: string; label: string }) {
  const code = useRef<HTMLElement>(null);
  const said = useSignal("Copy");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.value = "Copied";
    } catch {
      if (code.current) getSelection()?.selectAllChildren(code.current);
      said.value = "Selected";
    }
  };
  return (
    <span class="copy">
      <code ref={code}>{text}</code>
      <button type="button" class="quiet" aria-label={`Copy ${label}`} onClick={() => void copy()}>
        <Icon name="copy" />
        <span role="status">{said}</span>
      </button>
    </span>
  );
}
