// One thing that goes in: its name, what it is, and its beginning.

import { Icon } from "../icons.tsx";
import { ScrolledText } from "../ScrolledText.tsx";

interface Props {
  readonly name: string;
  readonly about: string;
  readonly preview: string;
  readonly onRemove?: () => void;
}

export function FileRow({ name, about, preview, onRemove }: Props) {
  return (
    <li class="input-row">
      {preview === "" ? (
        <span class="summary">
          <code>{name}</code> <span class="hint">{about}</span>
        </span>
      ) : (
        <details>
          <summary>
            <code>{name}</code> <span class="hint">{about}</span>
          </summary>
          <ScrolledText text={preview} label={`Content of ${name}`} />
        </details>
      )}
      {onRemove ? (
        <button type="button" class="quiet" aria-label={`Remove ${name}`} onClick={onRemove}>
          <Icon name="close" />
        </button>
      ) : null}
    </li>
  );
}
