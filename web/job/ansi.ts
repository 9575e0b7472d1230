// A line of a terminal's output: its text as it would stand there, in pieces of one look. Colours go on from line to line,
// so each line is read with the look that the one before ended in.

import { stripped } from "./logText.ts";

export interface Look {
  /** 0 to 255, or "#rrggbb". */
  readonly colour?: number | string;
  readonly background?: number | string;
  readonly isBold?: boolean;
  readonly isDim?: boolean;
  readonly isItalic?: boolean;
  readonly isUnderlined?: boolean;
  readonly isInverse?: boolean;
  readonly isStruck?: boolean;
}

export interface Span {
  readonly text: string;
  readonly look: Look;
}

export const plainLook: Look = {};

const esc = "\u001b";
// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what this reads
const colourSequence = /\u001b\[([0-9;:]*)m/g;

/** The look in which a line ends. Cheap for lines without escapes. */
export function lookAfter(line: string, before: Look): Look {
  if (!line.includes(esc)) return before;
  let look = before;
  for (const [, codes = ""] of line.matchAll(colourSequence)) look = changed(look, codes);
  return look;
}

export function spansOf(line: string, before: Look): readonly Span[] {
  if (!line.includes(esc) && !line.includes("\r") && !line.includes("\b")) {
    const text = stripped(line);
    return text === "" ? [] : [{ text, look: before }];
  }
  const spans: Span[] = [];
  let look = before;
  let at = 0;
  const take = (part: string) => {
    const text = stripped(part);
    if (text !== "") spans.push({ text, look });
  };
  for (const match of line.matchAll(colourSequence)) {
    take(line.slice(at, match.index));
    look = changed(look, match[1] ?? "");
    at = match.index + match[0].length;
  }
  take(line.slice(at));
  return spans.some(({ text }) => /[\r\b]/.test(text)) ? overwritten(spans) : spans;
}

/** A line as plain text. */
export function plainLine(line: string): string {
  return spansOf(line, plainLook)
    .map(({ text }) => text)
    .join("");
}

/** What a carriage return or a backspace went back over is written anew, character by character. */
function overwritten(spans: readonly Span[]): readonly Span[] {
  const cells: Span[] = [];
  let at = 0;
  for (const { text, look } of spans)
    for (const text1 of text) {
      if (text1 === "\r") at = 0;
      else if (text1 === "\b") at = Math.max(0, at - 1);
      else cells[at++] = { text: text1, look };
    }
  const joined: { text: string; look: Look }[] = [];
  for (const { text, look } of cells) {
    const last = joined.at(-1);
    if (last?.look === look) last.text += text;
    else joined.push({ text, look });
  }
  return joined;
}

function changed(look: Look, text: string): Look {
  const codes = text.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  let next = look;
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const { colour, used } = extended(codes.slice(index + 1));
      index += used;
      if (colour !== undefined) next = { ...next, [code === 38 ? "colour" : "background"]: colour };
    } else next = withCode(next, code);
  }
  return next;
}

/** `5;n` is one of 256 colours, `2;r;g;b` any. */
function extended([kind, ...rest]: readonly number[]): { colour?: number | string; used: number } {
  if (kind === 5) return { colour: Math.min(255, Math.max(0, rest[0] ?? 0)), used: 2 };
  if (kind !== 2) return { used: 1 };
  const hex = rest.slice(0, 3).map((part) => Math.min(255, part).toString(16).padStart(2, "0"));
  return hex.length === 3 ? { colour: `#${hex.join("")}`, used: 4 } : { used: rest.length + 1 };
}

const settings: Readonly<Record<number, Look>> = {
  1: { isBold: true },
  2: { isDim: true },
  3: { isItalic: true },
  4: { isUnderlined: true },
  7: { isInverse: true },
  9: { isStruck: true },
  22: { isBold: false, isDim: false },
  23: { isItalic: false },
  24: { isUnderlined: false },
  27: { isInverse: false },
  29: { isStruck: false },
};

function withCode(look: Look, code: number): Look {
  if (code === 0) return plainLook;
  if (code >= 30 && code <= 37) return { ...look, colour: code - 30 };
  if (code >= 90 && code <= 97) return { ...look, colour: code - 82 };
  if (code >= 40 && code <= 47) return { ...look, background: code - 40 };
  if (code >= 100 && code <= 107) return { ...look, background: code - 92 };
  if (code === 39) {
    const { colour: _, ...rest } = look;
    return rest;
  }
  if (code === 49) {
    const { background: _, ...rest } = look;
    return rest;
  }
  const setting = settings[code];
  return setting ? { ...look, ...setting } : look;
}

/** A colour's number above the first sixteen as CSS: a cube of 6 × 6 × 6, then greys. */
export function colourOf(colour: number | string): string {
  if (typeof colour === "string") return colour;
  if (colour >= 232) {
    const grey = 8 + (colour - 232) * 10;
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const steps = [0, 95, 135, 175, 215, 255];
  const at = colour - 16;
  return `rgb(${steps[Math.floor(at / 36)]} ${steps[Math.floor(at / 6) % 6]} ${steps[at % 6]})`;
}
