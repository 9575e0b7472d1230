// The last hour of a queue: who waited and who ran, minute by minute.

import type { Job } from "../../../wire/job.ts";
import { lastHour, minutesShown } from "../../job/lastHour.ts";

const height = 40;

export function HourChart({ jobs, now }: { jobs: ReadonlyMap<string, Job>; now: number }) {
  const minutes = lastHour(jobs.values(), now);
  const most = Math.max(...minutes.map(({ waiting, running }) => waiting + running));
  const ended = minutes.reduce((sum, minute) => sum + minute.ended, 0);
  if (most === 0) return null;
  const y = (count: number) => (count / most) * height;
  return (
    <figure class="hour">
      <svg
        viewBox={`0 0 ${minutesShown * 4} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`The last hour: ${ended} jobs ended, at most ${most} at a time`}
      >
        {minutes.map(({ waiting, running }, at) => (
          <g key={at}>
            <rect class="ran" x={at * 4} y={height - y(running)} width="3" height={y(running)} />
            <rect class="waited" x={at * 4} y={height - y(running + waiting)} width="3" height={y(waiting)} />
          </g>
        ))}
      </svg>
      <figcaption class="hint">
        The last hour: {ended} {ended === 1 ? "job" : "jobs"} ended, at most {most} at a time. Filled: running;
        outlined: waiting.
      </figcaption>
    </figure>
  );
}
