// A log line as plain text: terminal escapes removed, and what a carriage return overwrote is gone, as on a terminal.

const esc = String.fromCharCode(0x1b);
const bell = String.fromCharCode(0x07);
const escapes = new RegExp(
  [
    // Colours, cursor moves and the like.
    `${esc}\\[[0-?]*[ -/]*[@-~]`,
    // Links and titles, which end with a bell or a string terminator.
    `${esc}\\][^${bell}${esc}]*(?:${bell}|${esc}\\\\)?`,
    `${esc}[PX^_][^${esc}]*(?:${esc}\\\\)?`,
    `${esc}[ -/]*[0-~]`,
  ].join("|"),
  "g",
);
/** Control characters, but for those with a meaning in a line of text. */
const controls = /[\p{Cc}--[\t\r\n]]/gv;

export function plainLine(line: string): string {
  const text = line
    .replace(escapes, "")
    .replace(controls, "")
    .replace(/[\r\n]+$/, "");
  return text.includes("\r") ? overwritten(text.split("\r")) : text;
}

/** Each part is written from the line's beginning over the one before. */
function overwritten(parts: readonly string[]): string {
  return parts.reduce((shown, part) => part + shown.slice(part.length), "");
}
