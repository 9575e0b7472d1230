// What goes in: files from pipes, files of the address, and the environment.

import { jobPipes } from "../../state/files.ts";
import type { Page } from "../../state/page.ts";

export function InputsPanel({ page }: { page: Page }) {
  const { inputs = {}, variables } = page.address.parameters.value;
  const pipes = Object.entries(page.pipes.value).filter(([name, value]) => value != null && !jobPipes.includes(name));
  const files = Object.entries(inputs);
  if (pipes.length + files.length + variables.size === 0)
    return (
      <p class="empty">
        Values that other metaframes send arrive as files in <code>/inputs</code>; further parameters of the address
        become environment variables.
      </p>
    );
  return (
    <div class="groups">
      <Group title="From the metapage" entries={pipes.map(([name, value]) => [name, kindOf(value)])} />
      <Group
        title="From the address"
        entries={files.map(([name, text]) => [name, `${text.length.toLocaleString("en")} characters`])}
      />
      <Group title="Environment" entries={[...variables]} />
    </div>
  );
}

function Group({ title, entries }: { title: string; entries: readonly (readonly [string, string])[] }) {
  if (entries.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <dl class="facts">
        {entries.map(([name, text]) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function kindOf(value: unknown): string {
  if (typeof value === "string")
    return value.startsWith("data:") ? "data" : `text, ${value.length.toLocaleString("en")} characters`;
  if (value instanceof Blob) return `file, ${value.size.toLocaleString("en")} bytes`;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    return `${value.byteLength.toLocaleString("en")} bytes`;
  if (Array.isArray(value)) return `list of ${value.length}`;
  return typeof value === "object" ? "object" : `${typeof value} ${String(value)}`;
}
