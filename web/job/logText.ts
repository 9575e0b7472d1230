// Text without what is no text: terminal escapes and control characters.

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
const controls = /[\p{Cc}--[\t\r\b]]/v;
const allControls = /[\p{Cc}--[\t\r\b]]/gv;

/** Without escapes and other control characters than tabs and those that go back in the line. */
export function stripped(text: string): string {
  // Most lines have nothing of the kind.
  return controls.test(text) ? text.replace(escapes, "").replace(allControls, "") : text;
}
