// What the job uses while it runs, with its limits drawn in, and what it has used once it is done.

import type { ResourceLimits, ResourceUse } from "../../../wire/resources.ts";
import { sizeText } from "../../job/fileKind.ts";
import type { ViewProps } from "../shell.ts";
import "./resources.css";

export function ResourceCurves({ page }: Pick<ViewProps, "page">) {
  const seen = page.resources.value;
  const result = page.result.value;
  const used = result?.kind === "ready" ? result.finished.result?.resources : undefined;
  const samples = seen?.samples ?? [];
  const limits = seen?.limits ?? used?.limits ?? {};
  const gpus = samples.at(-1)?.gpus ?? [];
  const text = used ? usedText(used, limits) : "";
  if (samples.length < 2 && text === "") return null;
  return (
    <aside class="curves" aria-label="Resources">
      {samples.length > 1 ? (
        <>
          <Curve
            name="CPU"
            values={samples.map(({ cpus }) => cpus)}
            limit={limits.cpus}
            textOf={(cpus) => `${cpus.toFixed(cpus < 1 ? 2 : 1)} CPUs`}
          />
          <Curve
            name="Memory"
            values={samples.map(({ memoryBytes }) => memoryBytes)}
            limit={limits.memoryBytes}
            textOf={sizeText}
          />
          {gpus.map((_, index) => (
            <Curve
              key={index}
              name={`GPU ${index}`}
              values={samples.map((sample) => sample.gpus?.[index]?.busy ?? 0)}
              limit={1}
              textOf={(busy) => `${Math.round(busy * 100)} %`}
            />
          ))}
        </>
      ) : null}
      {text === "" ? null : <p class="hint">{text}</p>}
    </aside>
  );
}

function usedText(used: ResourceUse, limits: ResourceLimits): string {
  const { peakMemoryBytes, cpuSeconds, outOfMemory } = used;
  const of = limits.memoryBytes === undefined ? "" : ` of ${sizeText(limits.memoryBytes)}`;
  return [
    ...(peakMemoryBytes === undefined ? [] : [`most memory ${sizeText(peakMemoryBytes)}${of}`]),
    ...(cpuSeconds === undefined ? [] : [`CPU time ${cpuSeconds.toFixed(1)} s`]),
    ...(outOfMemory ? ["it ran into its memory limit"] : []),
  ].join(" · ");
}

interface CurveProps {
  readonly name: string;
  readonly values: readonly number[];
  readonly limit: number | undefined;
  readonly textOf: (value: number) => string;
}

const width = 200;
const height = 36;

function Curve({ name, values, limit, textOf }: CurveProps) {
  const most = Math.max(...values);
  // The limit is drawn where it tells something: a line far above would flatten the curve.
  const isNear = limit !== undefined && most > limit / 4;
  const top = Math.max(most, isNear ? limit : 0) * 1.05 || 1;
  const y = (value: number) => (height - (value / top) * height).toFixed(1);
  const points = values.map((value, index) => `${((index / (values.length - 1)) * width).toFixed(1)},${y(value)}`);
  const now = textOf(values.at(-1) ?? 0);
  const of = limit === undefined ? "" : ` of ${textOf(limit)}`;
  return (
    <figure>
      <figcaption>
        {name} <strong>{now}</strong>
        <span class="hint">
          {of}, most {textOf(most)}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${name} now ${now}${of}, at most ${textOf(most)}`}
      >
        {isNear ? <line class="limit" x1="0" x2={width} y1={y(limit)} y2={y(limit)} /> : null}
        <polyline points={points.join(" ")} />
      </svg>
    </figure>
  );
}
