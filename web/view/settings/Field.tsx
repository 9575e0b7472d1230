// A field whose text goes into the address as it is typed. What can't be used stays in the field, with the reason, and
// goes nowhere.

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { Editing } from "./editing.ts";

interface Props {
  readonly label: string;
  readonly value: string;
  readonly editing: Editing;
  readonly onText: (text: string) => void;
  /** Why a text can't be used, or undefined. */
  readonly faultOf?: (text: string) => string | undefined;
  readonly placeholder?: string;
  readonly hint?: string;
  readonly rows?: number;
  readonly width?: "short";
}

export function Field({ label, value, editing, onText, faultOf, placeholder, hint, rows, width }: Props) {
  const id = useId();
  // While a person types, the field holds what was typed: an equal address may be written differently.
  const draft = useSignal<string | undefined>(undefined);
  const shown = draft.value ?? value;
  const fault = shown === "" ? undefined : faultOf?.(shown);
  const type = (text: string) => {
    draft.value = text;
    if (text !== "" && faultOf?.(text) !== undefined) return;
    editing.touch();
    onText(text);
  };
  const props = {
    id,
    value: shown,
    placeholder,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: false,
    "aria-invalid": fault !== undefined,
    "aria-describedby": fault || hint ? `${id}-hint` : undefined,
    onFocus: editing.begin,
    onBlur: () => {
      if (fault === undefined) draft.value = undefined;
      editing.end();
    },
  } as const;
  return (
    <div class="setting" data-width={width}>
      <label for={id}>{label}</label>
      {rows === undefined ? (
        <input {...props} onInput={({ currentTarget }) => type(currentTarget.value)} />
      ) : (
        <textarea {...props} rows={rows} onInput={({ currentTarget }) => type(currentTarget.value)} />
      )}
      {fault || hint ? (
        <p id={`${id}-hint`} class={fault ? "fault" : "hint"}>
          {fault ?? hint}
        </p>
      ) : null}
    </div>
  );
}

interface FlagProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly hint?: string;
  readonly onChange: (isOn: boolean) => void;
}

export function Flag({ label, isOn, hint, onChange }: FlagProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={isOn} onChange={({ currentTarget }) => onChange(currentTarget.checked)} />
      <span>
        {label}
        {hint ? <small class="hint"> {hint}</small> : null}
      </span>
    </label>
  );
}
