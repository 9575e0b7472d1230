// The tab's icon tells the state, by shape as well as by colour, for those who look elsewhere.

import type { Tone } from "../state/status.ts";

const marks: Readonly<Record<Tone, { readonly colour: string; readonly path: string }>> = {
  idle: { colour: "#5b6673", path: "" },
  waiting: { colour: "#96680e", path: "M11 10h10M11 22h10M12 10c0 4 4 4.5 4 6s-4 2-4 6M20 10c0 4-4 4.5-4 6s4 2 4 6" },
  running: { colour: "#1f5f99", path: "M12 9l10 7-10 7z" },
  good: { colour: "#1d7a48", path: "M9 17l5 5 9-11" },
  bad: { colour: "#b3372b", path: "M11 11l10 10M21 11L11 21" },
};

/** An icon as a data: URL. */
export function faviconOf(tone: Tone): string {
  const { colour, path } = marks[tone];
  const mark = `<path d="${path}" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${colour}"/>${mark}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
