// The last hour of a queue: who waited and who ran, minute by minute.

import { useEffect, useMemo } from "preact/hooks";
import { lastHour, minutesShown } from "../../job/lastHour.ts";
import { announcedFinishedMax, listedFinishedMax } from "../../limits.ts";
import { createHourJobs } from "../../state/hourJobs.ts";
import type { Page } from "../../state/page.ts";
import type { QueueTarget } from "../../url/target.ts";

const height = 40;

export function HourChart({ page, target }: { page: Page; target: QueueTarget }) {
  const hour = useMemo(() => createHourJobs(page.browser), [page]);
  useEffect(() => hour.read(target), [target.api, target.queue]);
  const listed = hour.listed.value;
  const jobs = new Map([...(listed ?? []), ...page.queue.jobs.value]);
  const finishedMax = listed ? listedFinishedMax : announcedFinishedMax;
  const { minutes, since } = lastHour([...jobs.values()], page.browser.clock.now(), finishedMax);
  const most = Math.max(...minutes.map(({ waiting, running }) => waiting + running));
  const ended = minutes.reduce((sum, minute) => sum + minute.ended, 0);
  if (most === 0) return null;
  const when = since === undefined ? "The last hour" : `Since ${new Date(since).toLocaleTimeString()}`;
  const y = (count: number) => (count / most) * height;
  return (
    <figure class="hour">
      <svg
        viewBox={`0 0 ${minutesShown * 4} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${when}: ${ended} jobs ended, at most ${most} at a time`}
      >
        {minutes.map(({ waiting, running }, at) => (
          <g key={at}>
            <rect class="ran" x={at * 4} y={height - y(running)} width="3" height={y(running)} />
            <rect class="waited" x={at * 4} y={height - y(running + waiting)} width="3" height={y(waiting)} />
          </g>
        ))}
      </svg>
      <figcaption class="hint">
        {when}: {ended} {ended === 1 ? "job" : "jobs"} ended, at most {most} at a time. Filled: running, or since it was
        asked for once it has ended; outlined: waiting. Stopped and replaced jobs are not counted.
        {since === undefined ? null : " The queue lists none that ended before."}
      </figcaption>
    </figure>
  );
}
