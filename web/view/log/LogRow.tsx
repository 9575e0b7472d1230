// One line of a log: its number, its time, its text in its colours. Only ever text.

import type { ComponentChildren } from "preact";
import { colourOf, type Look, spansOf } from "../../job/ansi.ts";
import { logLineCharsShown } from "../../limits.ts";
import type { LogStore } from "../../state/logStore.ts";

export type TimeStyle = "none" | "clock" | "since";

/** How all rows of a log are drawn. */
export interface RowLook {
  readonly times: TimeStyle;
  readonly pattern: RegExp | undefined;
  /** The number of the line that the address names. */
  readonly target: number | undefined;
  /** The place in the store of the match in view. */
  readonly match: number | undefined;
  readonly onNumber: (number: number) => void;
}

interface Props extends RowLook {
  readonly store: LogStore;
  readonly at: number;
  readonly number: number;
}

export function LogRow({ store, at, number, times, pattern, target, match, onNumber }: Props) {
  const time = store.time(at);
  const whole = store.text(at);
  const text = whole.length > logLineCharsShown ? whole.slice(0, logLineCharsShown) : whole;
  return (
    <div
      class="log-row"
      data-kind={store.kind(at)}
      data-build={store.isBuild(at)}
      data-target={number === target}
      data-match={at === match}
      title={time > 0 ? new Date(time).toLocaleTimeString() : undefined}
    >
      <button
        type="button"
        class="number"
        tabIndex={-1}
        aria-label={`Link to line ${number}`}
        data-number={number}
        onClick={() => onNumber(number)}
      />
      {times === "none" ? null : <span class="time" data-time={timeText(time, times, store.time(0))} />}
      <span class="line">
        {spansOf(text, store.look(at)).map((span, index) => (
          <Piece key={index} look={span.look}>
            {marked(span.text, pattern)}
          </Piece>
        ))}
        {text === whole ? null : <em> … the line is longer; download the log to read it</em>}
      </span>
    </div>
  );
}

function timeText(time: number, style: TimeStyle, start: number): string {
  if (time <= 0) return "";
  if (style === "clock") return new Date(time).toLocaleTimeString();
  return `+${(Math.max(0, time - start) / 1000).toFixed(2)} s`;
}

function Piece({ look, children }: { look: Look; children: ComponentChildren }) {
  const { colour, background, isBold, isDim, isItalic, isUnderlined, isInverse, isStruck } = look;
  const isPlain = Object.values(look).every((value) => value === undefined || value === false);
  if (isPlain) return <>{children}</>;
  const decoration = [isUnderlined ? "underline" : "", isStruck ? "line-through" : ""].join(" ").trim();
  return (
    <span
      style={{
        color: isInverse ? "var(--paper)" : colour === undefined ? undefined : inkOf(colour),
        background: isInverse
          ? inkOf(colour ?? "var(--ink)")
          : background === undefined
            ? undefined
            : washOf(background),
        fontWeight: isBold ? 600 : undefined,
        opacity: isDim ? 0.7 : undefined,
        fontStyle: isItalic ? "italic" : undefined,
        textDecoration: decoration || undefined,
      }}
    >
      {children}
    </span>
  );
}

/** The sixteen colours that have names are the page's own, readable on its paper. */
const isNamed = (colour: number | string): colour is number => typeof colour === "number" && colour < 16;

function inkOf(colour: number | string): string {
  return isNamed(colour) ? `var(--c${colour === 15 ? 15 : colour % 8})` : colourOf(colour);
}

/** As a ground: pale, so that the text on it stays readable. */
function washOf(colour: number | string): string {
  return isNamed(colour) ? `color-mix(in oklch, ${inkOf(colour)} 30%, transparent)` : colourOf(colour);
}

const address = /https?:\/\/[^\s"'<>`]+[^\s"'<>`.,;:!?)\]}]/g;

/** Matches of the search, and addresses as links to a tab that does not know us. */
function marked(text: string, pattern: RegExp | undefined): ComponentChildren {
  if (!text.includes("://")) return highlighted(text, pattern);
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const match of text.matchAll(address)) {
    parts.push(highlighted(text.slice(at, match.index), pattern));
    parts.push(
      <a href={match[0]} target="_blank" rel="noreferrer noopener">
        {highlighted(match[0], pattern)}
      </a>,
    );
    at = match.index + match[0].length;
  }
  parts.push(highlighted(text.slice(at), pattern));
  return parts;
}

function highlighted(text: string, pattern: RegExp | undefined): ComponentChildren {
  if (!pattern) return text;
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    parts.push(text.slice(at, match.index), <mark>{match[0]}</mark>);
    at = match.index + match[0].length;
  }
  return at === 0 ? text : [...parts, text.slice(at)];
}
