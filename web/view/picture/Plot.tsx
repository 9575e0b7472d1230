// A quick curve of numbers, with what its ends and extremes are.

import { type Point, thinned } from "../../job/table.ts";
import { thousands } from "../../job/thousands.ts";
import { plotPointsMax } from "../../limits.ts";

const width = 600;
const height = 160;

export function Plot({ points, label }: { points: readonly Point[]; label: string }) {
  const shown = thinned(points, plotPointsMax);
  const [first] = shown;
  if (!first) return <p class="hint">There is nothing to plot.</p>;
  const xs = shown.map(([x]) => x);
  const ys = shown.map(([, y]) => y);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const at = ([x, y]: Point) =>
    `${(((x - left) / (right - left || 1)) * width).toFixed(1)},${(height - ((y - low) / (high - low || 1)) * height).toFixed(1)}`;
  return (
    <figure class="plot">
      <figcaption>
        <strong>{label}</strong>{" "}
        <span class="hint">
          {numberText(low)} to {numberText(high)}, {thousands(points.length)} values
        </span>
      </figcaption>
      <svg
        viewBox={`-4 -4 ${width + 8} ${height + 8}`}
        role="img"
        aria-label={`${label}, from ${numberText(low)} to ${numberText(high)}`}
        preserveAspectRatio="none"
      >
        {low < 0 && high > 0 ? (
          <line class="zero" x1="0" x2={width} y1={at([left, 0]).split(",")[1]} y2={at([left, 0]).split(",")[1]} />
        ) : null}
        <polyline points={shown.map(at).join(" ")} />
      </svg>
    </figure>
  );
}

export function numberText(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString("en", { maximumSignificantDigits: 6 });
}
