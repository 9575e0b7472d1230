// Files on their way to the store: how far each is, and a way to stop it.

import { transferText } from "../../state/status.ts";
import type { Transfers } from "../../state/transfers.ts";

const words = { reading: "Reading", sending: "Sending" } as const;

export function TransferList({ transfers }: { transfers: Transfers }) {
  const active = transfers.active.value;
  if (active.length === 0) return null;
  return (
    <ul class="transfers" aria-label="Files on their way">
      {active.map((one) => (
        <li key={one.name}>
          <code>{one.name}</code>
          <span class="hint">
            {words[one.step]}, {transferText(one)}
          </span>
          <progress aria-label={`${words[one.step]} ${one.name}`} value={one.done} max={one.total} />
          <button type="button" onClick={one.stop} aria-label={`Cancel ${one.name}`}>
            Cancel
          </button>
        </li>
      ))}
    </ul>
  );
}
