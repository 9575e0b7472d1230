// Finds an action by a few letters of its name.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { actionsOf } from "../actions.ts";
import "./overlay.css";
import type { ViewProps } from "../shell.ts";

export function Palette(props: ViewProps) {
  const { shell } = props;
  const field = useRef<HTMLInputElement>(null);
  const query = useSignal("");
  const at = useSignal(0);
  useEffect(() => field.current?.focus(), []);
  const found = actionsOf(props).filter(({ name, isPossible }) => isPossible && matches(name, query.value));
  const current = Math.min(at.value, found.length - 1);
  const choose = (index: number) => {
    const action = found[index];
    if (!action) return;
    // Closed first: the action may open something else, or move the focus.
    shell.overlay.value = undefined;
    queueMicrotask(action.act);
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") choose(current);
    else if (step !== undefined && found.length > 0) at.value = (current + step + found.length) % found.length;
    else return;
    event.preventDefault();
  };
  return (
    <div class="palette">
      <input
        ref={field}
        role="combobox"
        aria-label="Action"
        aria-expanded="true"
        aria-controls="palette-actions"
        aria-activedescendant={found.length > 0 ? `palette-${current}` : undefined}
        placeholder="What do you want to do?"
        autocomplete="off"
        spellcheck={false}
        value={query.value}
        onInput={({ currentTarget }) => {
          query.value = currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={press}
      />
      <div id="palette-actions" role="listbox" aria-label="Actions">
        {found.map(({ name, key }, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above holds the focus and takes the keys
          <div
            key={name}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === current}
            onClick={() => choose(index)}
          >
            <span>{name}</span>
            {key ? <kbd>{key}</kbd> : null}
          </div>
        ))}
      </div>
      {found.length === 0 ? <p class="hint">Nothing of that name can be done now.</p> : null}
    </div>
  );
}

/** Each word of the query begins somewhere in the name. */
export function matches(name: string, query: string): boolean {
  const text = name.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
