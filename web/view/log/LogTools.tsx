// What can be done with a log: choose, search, wrap, times, follow, copy, download.

import type { Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { thousands } from "../../job/thousands.ts";
import { Icon } from "../icons.tsx";
import type { TimeStyle } from "./LogRow.tsx";
import type { LogMode } from "./layout.ts";
import type { LogSearch } from "./useSearch.ts";

export interface LogChoices {
  /** Undefined until a person chooses: then what is going on decides. */
  readonly mode: Signal<LogMode | undefined>;
  readonly isWrapped: Signal<boolean>;
  readonly times: Signal<TimeStyle>;
}

interface Props {
  readonly choices: LogChoices;
  readonly mode: LogMode;
  readonly search: LogSearch;
  readonly field: RefObject<HTMLInputElement | null>;
  readonly count: string;
  readonly isEmpty: boolean;
  readonly isFollowing: boolean;
  readonly said: string;
  readonly onFollow: () => void;
  readonly onError: () => void;
  readonly onCopy: () => Promise<void>;
  readonly onDownload: () => void;
}

const modes: readonly (readonly [LogMode, string])[] = [
  ["all", "Everything"],
  ["build", "Build"],
  ["run", "Run"],
  ["out", "stdout"],
  ["err", "stderr"],
  ["apart", "Side by side"],
];
const nextTimes: Readonly<Record<TimeStyle, TimeStyle>> = { none: "clock", clock: "since", since: "none" };
const timeNames: Readonly<Record<TimeStyle, string>> = { none: "off", clock: "by the clock", since: "since the start" };

export function LogTools(props: Props) {
  const { choices, mode, count, isEmpty, isFollowing, said } = props;
  const { isWrapped, times } = choices;
  return (
    <div class="log-head">
      <select
        aria-label="Lines to show"
        value={mode}
        onChange={({ currentTarget }) => {
          const chosen = modes.find(([name]) => name === currentTarget.value);
          if (chosen) choices.mode.value = chosen[0];
        }}
      >
        {modes.map(([name, title]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
      <span class="meta">{count}</span>
      <SearchField {...props} />
      <span class="said" role="status">
        {said}
      </span>
      <span class="actions">
        <Tool icon="error" name="Go to the first error" isPossible={!isEmpty} onClick={props.onError} />
        <Tool
          icon="wrap"
          name="Wrap lines"
          isPressed={isWrapped.value}
          onClick={() => (isWrapped.value = !isWrapped.value)}
        />
        <Tool
          icon="history"
          name={`Times: ${timeNames[times.value]}`}
          isPressed={times.value !== "none"}
          onClick={() => (times.value = nextTimes[times.value])}
        />
        <Tool icon="copy" name="Copy the log" isPossible={!isEmpty} onClick={() => void props.onCopy()} />
        <Tool icon="download" name="Download the log" isPossible={!isEmpty} onClick={props.onDownload} />
        <Tool icon="follow" name="Follow the end" isPressed={isFollowing} onClick={props.onFollow} />
      </span>
    </div>
  );
}

function SearchField({ search, field }: Props) {
  const { text, isBroken, matches, current, step } = search;
  const found = matches.value.length;
  return (
    <span class="log-search">
      <input
        ref={field}
        type="search"
        aria-label="Search the log"
        placeholder="Search, or /pattern/"
        spellcheck={false}
        autocomplete="off"
        aria-invalid={isBroken.value}
        value={text.value}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") {
            text.value = "";
            event.currentTarget.blur();
          }
        }}
      />
      {text.value === "" ? null : (
        <>
          <span class="meta" role="status" aria-label="Matches">
            {isBroken.value ? "no pattern" : found === 0 ? "none" : `${current.value + 1} of ${thousands(found)}`}
          </span>
          <Tool icon="up" name="Previous match" isPossible={found > 0} onClick={() => step(-1)} />
          <Tool icon="down" name="Next match" isPossible={found > 0} onClick={() => step(1)} />
        </>
      )}
    </span>
  );
}

interface ToolProps {
  readonly icon: Parameters<typeof Icon>[0]["name"];
  readonly name: string;
  readonly isPossible?: boolean;
  readonly isPressed?: boolean;
  readonly onClick: () => void;
}

function Tool({ icon, name, isPossible = true, isPressed, onClick }: ToolProps) {
  return (
    <button
      type="button"
      class="quiet"
      aria-label={name}
      title={name}
      aria-pressed={isPressed}
      disabled={!isPossible}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
