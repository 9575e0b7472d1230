// The inputs and outputs that this frame declares to the page around it, for its editor of connections.

import { useSignal } from "@preact/signals";
import { partOf, withPipes } from "../../job/edit.ts";
import type { Page } from "../../state/page.ts";
import { encodeJson, type JsonObject } from "../../url/codec.ts";
import { Icon } from "../icons.tsx";

export function PipeSettings({ page }: { page: Page }) {
  const declared: JsonObject = page.address.parameters.value.definition ?? {};
  const write = (kind: "inputs" | "outputs", pipes: JsonObject) => {
    const next = withPipes(declared, kind, pipes);
    page.address.write({ definition: next && encodeJson(next) }, true);
  };
  return (
    <section>
      <h2>Declared inputs and outputs</h2>
      <p class="hint">They tell editors of metapages what to connect; any others work as well.</p>
      <div class="row">
        {(["inputs", "outputs"] as const).map((kind) => (
          <Pipes key={kind} kind={kind} pipes={partOf(declared, kind)} onChange={(pipes) => write(kind, pipes)} />
        ))}
      </div>
    </section>
  );
}

interface PipesProps {
  readonly kind: "inputs" | "outputs";
  readonly pipes: JsonObject;
  readonly onChange: (pipes: JsonObject) => void;
}

function Pipes({ kind, pipes, onChange }: PipesProps) {
  const name = useSignal("");
  const one = kind === "inputs" ? "input" : "output";
  const add = (event: Event) => {
    event.preventDefault();
    const text = name.value.trim();
    if (text !== "") onChange({ ...pipes, [text]: {} });
    name.value = "";
  };
  return (
    <form class="pipes" onSubmit={add}>
      <ul aria-label={`Declared ${kind}`}>
        {Object.keys(pipes).map((pipe) => (
          <li key={pipe}>
            <code>{pipe}</code>
            <button
              type="button"
              class="quiet"
              aria-label={`Remove the ${one} ${pipe}`}
              onClick={() => onChange(Object.fromEntries(Object.entries(pipes).filter(([other]) => other !== pipe)))}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <div class="field">
        <label>
          <span>New {one}</span>
          <input
            value={name.value}
            placeholder={kind === "inputs" ? "data.csv" : "plot.png"}
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => (name.value = currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={name.value.trim() === ""}>
          Add
        </button>
      </div>
    </form>
  );
}
