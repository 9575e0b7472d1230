// The field that names the queue in the address.

import { useSignal } from "@preact/signals";
import type { Page } from "../state/page.ts";
import { encodeText } from "../url/codec.ts";

export function QueueField({ page, written }: { page: Page; written: string }) {
  const draft = useSignal<string | undefined>(undefined);
  const value = draft.value ?? written;
  const { queueOverride, ignoreQueueOverride } = page.address.parameters.value;
  const isOverridden = queueOverride !== "" && !ignoreQueueOverride;
  const save = (event: Event) => {
    event.preventDefault();
    page.address.write({ queue: value.trim() === "" ? undefined : encodeText(value.trim()) }, true);
    draft.value = undefined;
  };
  return (
    <form class="field" onSubmit={save}>
      <label>
        <span>Queue</span>
        <input
          name="queue"
          value={value}
          placeholder="a name, local, or https://host/queue"
          autocomplete="off"
          spellcheck={false}
          disabled={isOverridden}
          onInput={({ currentTarget }) => {
            draft.value = currentTarget.value;
          }}
        />
      </label>
      <button type="submit" disabled={isOverridden || value.trim() === written}>
        Use
      </button>
      {isOverridden ? <p class="hint">The page around this one has chosen the queue.</p> : null}
    </form>
  );
}
