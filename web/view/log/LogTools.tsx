// What can be done with a log: choose, search, wrap, times, follow, copy, download.

import type { ReadonlySignal, Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { Icon } from "../icons.tsx";
import type { TimeStyle } from "./LogRow.tsx";
import type { LogFilter } from "./layout.ts";

export interface LogChoices {
  readonly filter: Signal<LogFilter>;
  readonly isWrapped: Signal<boolean>;
  readonly times: Signal<TimeStyle>;
}

export interface LogSearch {
  readonly text: Signal<string>;
  readonly isBroken: ReadonlySignal<boolean>;
  /** Places of the matching lines in the store. */
  readonly matches: ReadonlySignal<readonly number[]>;
  /** Which of them is in view. */
  readonly current: ReadonlySignal<number>;
  step(by: 1 | -1): void;
}

interface Props {
  readonly choices: LogChoices;
  readonly search: LogSearch;
  readonly field: RefObject<HTMLInputElement | null>;
  readonly count: string;
  readonly isEmpty: boolean;
  readonly isFollowing: boolean;
  readonly said: string;
  readonly onFollow: () => void;
  readonly onError: () => void;
  readonly onCopy: () => void;
  readonly onDownload: () => void;
}

const filters: readonly (readonly [LogFilter, string])[] = [
  ["all", "Everything"],
  ["build", "Build"],
  ["run", "Run"],
  ["out", "stdout"],
  ["err", "stderr"],
];
const nextTimes: Readonly<Record<TimeStyle, TimeStyle>> = { none: "clock", clock: "since", since: "none" };
const timeNames: Readonly<Record<TimeStyle, string>> = { none: "off", clock: "by the clock", since: "since the start" };

export function LogTools(props: Props) {
  const { choices, count, isEmpty, isFollowing, said } = props;
  const { filter, isWrapped, times } = choices;
  return (
    <div class="log-head">
      <select
        aria-label="Lines to show"
        value={filter.value}
        onChange={({ currentTarget }) => {
          const chosen = filters.find(([name]) => name === currentTarget.value);
          if (chosen) filter.value = chosen[0];
        }}
      >
        {filters.map(([name, title]) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
      <span class="meta">{count}</span>
      <SearchField {...props} />
      <span class="actions">
        <span class="said" role="status">
          {said}
        </span>
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
        <Tool icon="copy" name="Copy the log" isPossible={!isEmpty} onClick={props.onCopy} />
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
            {isBroken.value
              ? "no pattern"
              : found === 0
                ? "none"
                : `${current.value + 1} of ${found.toLocaleString("en")}`}
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
