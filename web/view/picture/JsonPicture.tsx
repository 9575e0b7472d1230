// JSON as a tree that folds.

import { useSignal } from "@preact/signals";
import { thousands } from "../../job/thousands.ts";
import { jsonChildrenShown, jsonDepthOpen, previewDataBytesMax } from "../../limits.ts";
import { TextPicture } from "./TextPicture.tsx";
import { failedText, type PictureProps, textOf, useHead } from "./useHead.ts";

export function JsonPicture(props: PictureProps) {
  const { file, fetcher } = props;
  const head = useHead(file, previewDataBytesMax, fetcher);
  if (head.kind === "loading") return <p class="hint">Loading</p>;
  if (head.kind === "failed") return <p class="hint">{failedText}</p>;
  const text = head.isWhole ? textOf(head) : undefined;
  const parsed = text === undefined ? undefined : parsedJson(text);
  // What only ends in .json, or is too long to be read as a whole, is still its text.
  if (!parsed) return <TextPicture {...props} />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="text json" aria-label={`Content of ${file.name}`} tabIndex={0}>
      <Node name={undefined} value={parsed.value} depth={0} />
    </section>
  );
}

function parsedJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

interface NodeProps {
  readonly name: string | undefined;
  readonly value: unknown;
  readonly depth: number;
}

function Node({ name, value, depth }: NodeProps) {
  const isOpen = useSignal(depth < jsonDepthOpen);
  const shown = useSignal(jsonChildrenShown);
  if (typeof value !== "object" || value === null)
    return (
      <div class="leaf">
        <Name name={name} />
        <span data-type={value === null ? "null" : typeof value}>{JSON.stringify(value)}</span>
      </div>
    );
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0)
    return (
      <div class="leaf">
        <Name name={name} />
        <span class="hint">
          {open}
          {close}
        </span>
      </div>
    );
  return (
    <details open={isOpen.value} onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}>
      <summary>
        <Name name={name} />
        <span class="hint">
          {open}
          {isOpen.value ? "" : `…${close}`} {entries.length} {isList ? "items" : "fields"}
        </span>
      </summary>
      {isOpen.value
        ? entries
            .slice(0, shown.value)
            .map(([key, child]) => <Node key={key} name={isList ? undefined : key} value={child} depth={depth + 1} />)
        : null}
      {isOpen.value && entries.length > shown.value ? (
        <button type="button" onClick={() => (shown.value *= 4)}>
          Show more of {thousands(entries.length)}
        </button>
      ) : null}
    </details>
  );
}

function Name({ name }: { name: string | undefined }) {
  return name === undefined ? null : <span class="key">{JSON.stringify(name)}: </span>;
}
