// Which queue runs it: the one in the address, this computer's, one that the page around us names, or a new one.

import { useSignal } from "@preact/signals";
import { queueNameOfKey } from "../../../wire/keyedQueue.ts";
import { isLoopbackHost } from "../../../wire/loopback.ts";
import { queueKeyBytes } from "../../limits.ts";
import type { Page } from "../../state/page.ts";
import { encodeText } from "../../url/codec.ts";
import { CopyText } from "../CopyText.tsx";
import { LocalHelp } from "../LocalHelp.tsx";
import { QueueField } from "../QueueField.tsx";
import { Flag } from "./Field.tsx";

const rememberedKey = "longshore.queue";

export function QueueSettings({ page }: { page: Page }) {
  const { queue, queueOverride, ignoreQueueOverride } = page.address.parameters.value;
  const made = useSignal<{ readonly name: string; readonly key: string } | undefined>(undefined);
  const { origin, storage } = page.browser;
  const isOverridden = queueOverride !== "" && !ignoreQueueOverride;
  const use = (name: string) => page.address.write({ queue: name === "" ? undefined : encodeText(name) }, true);
  const useLocal = (isLocal: boolean) => {
    if (isLocal) storage.set(rememberedKey, queue);
    use(isLocal ? "local" : (storage.get(rememberedKey) ?? ""));
  };
  const make = () => {
    const key = Array.from(crypto.getRandomValues(new Uint8Array(queueKeyBytes)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");
    made.value = { name: queueNameOfKey(key), key };
    use(made.value.name);
  };
  return (
    <section>
      <h2>Queue</h2>
      <QueueField page={page} written={isOverridden ? queueOverride : queue} />
      {queueOverride === "" ? null : (
        <Flag
          label="Use my queue, not the one that the page around this one names"
          isOn={ignoreQueueOverride}
          onChange={(isOn) => page.address.write({ ignoreQueueOverride: isOn ? "true" : undefined }, true)}
        />
      )}
      {isOverridden ? null : (
        <>
          <Flag label="Run on this computer" isOn={queue === "local"} hint="with the queue local" onChange={useLocal} />
          {queue === "local" && !isLoopbackHost(new URL(origin).hostname) ? (
            <div class="made">
              <LocalHelp page={page} />
            </div>
          ) : null}
          <div>
            <button type="button" onClick={make}>
              Make a new queue
            </button>
          </div>
        </>
      )}
      {made.value && made.value.name === queue ? (
        <div class="made" role="status">
          <p>
            <strong>The queue is in the address now.</strong> Who has its name can use it. Only agents that show this
            key can serve it: keep it on their machines, it is shown only here and now.
          </p>
          <CopyText text={made.value.key} label="the key" />
          <p>On each machine with Docker that should serve it:</p>
          <CopyText
            text={`LONGSHORE_KEY=${made.value.key} longshore agent --api ${origin}`}
            label="the agent's command"
          />
        </div>
      ) : null}
    </section>
  );
}
