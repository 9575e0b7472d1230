// The environment: each variable with where its value comes from.

import { useSignal } from "@preact/signals";
import { type Variable, variablesOf } from "../../job/edit.ts";
import type { Page } from "../../state/page.ts";
import { encodeText } from "../../url/codec.ts";
import { isReserved } from "../../url/parameters.ts";
import { Icon } from "../icons.tsx";
import type { Editing } from "./editing.ts";
import { Field } from "./Field.tsx";

const sources = { address: "from the address", definition: "from the definition" } as const;

export function EnvSettings({ page, editing }: { page: Page; editing: Editing }) {
  const variables = variablesOf(editing.job, page.address.parameters.value.variables);
  const set = ({ name, source }: Pick<Variable, "name" | "source">, value: string | undefined) => {
    if (source === "address") editing.write({ [name]: value === undefined ? undefined : encodeText(value) });
    else editing.set(["env", name], value);
  };
  return (
    <section>
      <h2>Environment</h2>
      {variables.length === 0 ? <p class="hint">None. Any further parameter of the address is one, too.</p> : null}
      {variables.map((variable) => (
        <div class="variable" key={variable.name}>
          <Field
            label={variable.name}
            value={variable.value}
            editing={editing}
            hint={sources[variable.source] + (variable.isOverriding ? ", over the definition's" : "")}
            {...(/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable.name) ? {} : { hint: "Most programs can't read this name." })}
            onText={(value) => set(variable, value)}
          />
          <button
            type="button"
            class="quiet"
            aria-label={`Remove ${variable.name}`}
            onClick={() => {
              editing.begin();
              set(variable, undefined);
            }}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <NewVariable
        taken={variables.map(({ name }) => name)}
        onAdd={(name, value) => set({ name, source: "definition" }, value)}
      />
    </section>
  );
}

function NewVariable({ taken, onAdd }: { taken: readonly string[]; onAdd: (name: string, value: string) => void }) {
  const text = useSignal("");
  const [, name = "", value = ""] = /^([^=]*)=?([\s\S]*)$/.exec(text.value) ?? [];
  const fault = faultOf(name.trim(), taken);
  const add = (event: Event) => {
    event.preventDefault();
    if (name.trim() === "" || fault) return;
    onAdd(name.trim(), value);
    text.value = "";
  };
  return (
    <form class="field" onSubmit={add}>
      <label>
        <span>New variable</span>
        <input
          value={text.value}
          placeholder="NAME=value"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={fault !== undefined}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={name.trim() === "" || fault !== undefined}>
        Add
      </button>
      {fault ? <p class="fault">{fault}</p> : null}
    </form>
  );
}

function faultOf(name: string, taken: readonly string[]): string | undefined {
  if (name === "") return undefined;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return "A name has letters, digits and _ only, and begins with no digit.";
  if (taken.includes(name)) return "It is there already: change it above.";
  return isReserved(name) ? "This name belongs to the page; another one reaches the program." : undefined;
}
