// The queue, and the definition as it is submitted.

import type { Page } from "../../state/page.ts";
import { CopyText } from "../CopyText.tsx";
import { QueueField } from "../QueueField.tsx";
import { ScrolledText } from "../ScrolledText.tsx";

export function SettingsPanel({ page }: { page: Page }) {
  const ready = page.ready.value;
  const { queue, queueOverride, ignoreQueueOverride } = page.address.parameters.value;
  return (
    <div class="groups">
      <section>
        <h2>Queue</h2>
        <QueueField page={page} written={queueOverride && !ignoreQueueOverride ? queueOverride : queue} />
        {queueOverride === "" ? null : (
          <label class="check">
            <input
              type="checkbox"
              checked={ignoreQueueOverride}
              onChange={({ currentTarget }) =>
                page.address.write({ ignoreQueueOverride: currentTarget.checked ? "true" : undefined }, true)
              }
            />
            Use my queue, not the one that the page around this one names
          </label>
        )}
      </section>
      {ready ? (
        <section>
          <h2>Definition</h2>
          <ScrolledText text={JSON.stringify(ready.definition, null, 2)} label="The definition as JSON" />
          <h2>Job id</h2>
          <CopyText text={ready.id} label="the job's id" />
        </section>
      ) : null}
    </div>
  );
}
