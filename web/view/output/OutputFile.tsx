// One output: its name, size, type and hash, whether it changed, a picture of it, and the file itself.

import { useSignal } from "@preact/signals";
import { mimeOf, sizeText } from "../../job/fileKind.ts";
import type { OutputFile } from "../../state/outputFiles.ts";
import { Dialog } from "../Dialog.tsx";
import { Icon } from "../icons.tsx";
import { Picture } from "../picture/Picture.tsx";

interface Props {
  readonly file: OutputFile;
  readonly files: readonly OutputFile[];
  readonly fetcher: typeof fetch;
  readonly isOpen: boolean;
}

const changes = { new: "new", changed: "changed", same: "unchanged" } as const;

export function OutputRow({ file, files, fetcher, isOpen }: Props) {
  const open = useSignal(isOpen);
  const isLarge = useSignal(false);
  const isBefore = useSignal(false);
  const shown = (isBefore.value && file.before) || file;
  const { name, change } = file;
  return (
    <li class="output">
      <div class="output-head">
        <div class="name-and-meta">
          <button
            type="button"
            class="quiet name"
            aria-expanded={open.value}
            onClick={() => (open.value = !open.value)}
          >
            {name}
          </button>
          <Meta file={shown} />
          {change ? (
            <span class="change" data-change={change}>
              {isBefore.value ? "before" : changes[change]}
            </span>
          ) : null}
        </div>
        {change === "changed" && open.value ? <Compare name={name} onHold={(held) => (isBefore.value = held)} /> : null}
        <button
          type="button"
          class="quiet"
          aria-label={`Show ${name} large`}
          title="Show large"
          onClick={() => (isLarge.value = true)}
        >
          <Icon name="large" />
        </button>
        <a
          class="button quiet"
          href={file.url}
          download={name.split("/").at(-1)}
          target="_blank"
          rel="noreferrer"
          aria-label={`Download ${name}`}
          title="Download"
        >
          <Icon name="download" />
        </a>
      </div>
      {open.value ? <Picture file={shown} files={files} fetcher={fetcher} isLarge={false} /> : null}
      {isLarge.value ? (
        <Dialog name={name} isLarge={true} onClose={() => (isLarge.value = false)}>
          <Picture file={shown} files={files} fetcher={fetcher} isLarge={true} />
        </Dialog>
      ) : null}
    </li>
  );
}

function Meta({ file: { name, size, hash, time } }: { file: OutputFile }) {
  const made = new Date(time).toLocaleString();
  return (
    <span class="meta" title={`${mimeOf(name)}\nSHA-256 ${hash ?? "not known"}\n${made}`}>
      {size === undefined ? "" : `${sizeText(size)} · `}
      {mimeOf(name)}
      {hash ? <code> {hash.slice(0, 8)}</code> : null}
    </span>
  );
}

/** The same file of the run before, for as long as the button is held. */
function Compare({ name, onHold }: { name: string; onHold: (isHeld: boolean) => void }) {
  const hold = (isHeld: boolean) => (event: Event) => {
    if (event instanceof KeyboardEvent) {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
    }
    onHold(isHeld);
  };
  return (
    <button
      type="button"
      class="quiet"
      aria-label={`Hold to compare ${name} with the run before`}
      title="Hold to see the file of the run before"
      onPointerDown={hold(true)}
      onPointerUp={hold(false)}
      onPointerLeave={hold(false)}
      onPointerCancel={hold(false)}
      onKeyDown={hold(true)}
      onKeyUp={hold(false)}
      onBlur={hold(false)}
    >
      <Icon name="compare" />
    </button>
  );
}
