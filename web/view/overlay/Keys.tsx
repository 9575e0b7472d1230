// The keys and what they do.

import { actionsOf } from "../actions.ts";
import "./overlay.css";
import type { ViewProps } from "../shell.ts";

export function Keys(props: ViewProps) {
  const keys = actionsOf(props).flatMap(({ name, key }) => (key === undefined ? [] : [[key, name] as const]));
  return (
    <dl class="keys">
      {[["Ctrl K", "Find any action"] as const, ...keys, ["Esc", "Close what lies over the page"] as const].map(
        ([key, name]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{name}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
