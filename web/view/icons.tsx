// The page's own small set of icons, 16 px, drawn with the colour of the text around them. They are decoration: the
// control that holds one has a name of its own.

import type { Tone } from "../state/status.ts";

const shapes = {
  output: "M3 2.5h6.5L13 6v7.5H3zM9.5 2.5V6H13M5.5 11l2-2.5 1.5 1.5 1-1 1 2z",
  log: "M2.5 4h11M2.5 8h8M2.5 12h11",
  inputs: "M2.5 8H10M7 5l3 3-3 3M10 2.5h3.5v11H10",
  settings: "M2.5 4.5h6M12 4.5h1.5M2.5 11.5h2M8 11.5h5.5M10.2 2.8v3.4M6.2 9.8v3.4",
  queue: "M2.5 3h11v3h-11zM2.5 8.5h11v3h-11zM4.5 14h7",
  history: "M2.5 8a5.5 5.5 0 1 0 1.8-4.1M2.5 2.5v2.8h2.8M8 5v3.3l2.2 1.7",
  share: "M8 9.5V2.5M5.5 5L8 2.5 10.5 5M3 8.5v5h10v-5",
  find: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 1 0 0-9M10.3 10.3l3.2 3.2",
  large: "M9.5 2.5h4v4M13.5 2.5L9.5 6.5M6.5 13.5h-4v-4M2.5 13.5l4-4",
  compare: "M8 2v12M6 4H2.5v8H6M10 4h3.5v8H10",
  plot: "M2.5 2.5v11h11M4.5 10.5l3-4 2.5 2 3.5-5",
  wrap: "M2.5 3.5h11M2.5 8h9a2.2 2.2 0 0 1 0 4.5H8M9.5 10.5l-2 2 2 2M2.5 12.5h2",
  follow: "M4 3.5L8 7.5l4-4M4 8.5l4 4 4-4",
  error: "M8 2.5v6.5M8 12.5v1",
  up: "M4 10l4-4 4 4",
  down: "M4 6l4 4 4-4",
  download: "M8 2.5V10M5 7.5L8 10.5l3-3M3 13.5h10",
  open: "M9.5 2.5h4v4M13.5 2.5L8 8M6.5 3.5h-4v10h10v-4",
  copy: "M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1",
  close: "M4 4l8 8M12 4l-8 8",
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return <Drawing path={shapes[name]} />;
}

const toneShapes: Readonly<Record<Tone, string>> = {
  idle: "M8 3a5 5 0 1 0 0 10A5 5 0 1 0 8 3",
  waiting: "M4.5 2.5h7M4.5 13.5h7M5 2.5c0 3 3 4 3 5.5s-3 2.5-3 5.5M11 2.5c0 3-3 4-3 5.5s3 2.5 3 5.5",
  running: "M8 2.5a5.5 5.5 0 1 0 5.5 5.5",
  good: "M3 8.5l3.5 3.5L13 4.5",
  bad: "M8 2.5l6 11H2zM8 6.5v3.2M8 11.4v.4",
};

/** The state as a shape: colour never carries it alone. */
export function ToneIcon({ tone }: { tone: Tone }) {
  return <Drawing path={toneShapes[tone]} className="tone" />;
}

function Drawing({ path, className }: { path: string; className?: string }) {
  return (
    <svg class={className} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
