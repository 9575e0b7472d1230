// A queue's metrics in Prometheus' text format. `queue_length` is what autoscalers read.

import type { Context } from "hono";
import { FinishedReason } from "../../wire/result.ts";
import type { Deployment, QueueMetrics } from "../deployment.ts";
import { durationBucketsMs } from "../limits.ts";
import { type Timing, timed } from "../queue/counters.ts";
import { queueName } from "./params.ts";

export async function sendMetrics(deployment: Deployment, c: Context): Promise<Response> {
  const text = metricsText(await deployment.queue(queueName(c)).metrics());
  // Scrapers of the older form compare the type as a whole: no charset.
  return new Response(text, { headers: { "content-type": "text/plain" } });
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export function metricsText(metrics: QueueMetrics): string {
  const { queued, running, finished, counters } = metrics;
  const counted = (name: string) => counters[name] ?? 0;
  const one = (value: number): readonly Sample[] => [[{}, value]];
  return `\n${[
    family("queue_length", "gauge", "The number of outstanding jobs in the queue", one(queued + running)),
    family("longshore_jobs", "gauge", "Jobs that are listed, by state", [
      [{ state: "Queued" }, queued],
      [{ state: "Running" }, running],
      [{ state: "Finished" }, finished],
    ]),
    family(
      "longshore_submissions_total",
      "counter",
      "Submissions that were taken: new in line, joined to the same job under way, or answered by a result",
      ["queued", "joined", "cached"].map((outcome) => [{ outcome }, counted(`submitted.${outcome}`)]),
    ),
    family(
      "longshore_jobs_finished_total",
      "counter",
      "Jobs that ended, by reason",
      FinishedReason.options.map((reason) => [{ reason }, counted(`finished.${reason}`)]),
    ),
    family("longshore_attempts_lost_total", "counter", "Attempts whose agent was lost", one(counted("lost"))),
    histogram(metrics, "waited", "longshore_job_wait_seconds", "From submission to the first start"),
    histogram(metrics, "ran", "longshore_job_run_seconds", "From start to end, with images, inputs and outputs"),
    family("longshore_agents", "gauge", "Connected agents", one(metrics.agents)),
    family("longshore_slots", "gauge", "Jobs that connected agents offer to run at a time", one(metrics.slots)),
    family("longshore_slots_used", "gauge", "Slots that a job holds", one(metrics.slotsUsed)),
    family("longshore_clients", "gauge", "Connected clients", one(metrics.clients)),
    family("longshore_webhooks_waiting", "gauge", "Webhooks that are not delivered yet", one(metrics.webhooks)),
    family(
      "longshore_webhooks_total",
      "counter",
      "Webhooks that are over, by outcome",
      (["delivered", "refused", "givenUp"] as const).map((outcome) => [{ outcome }, counted(`webhook.${outcome}`)]),
    ),
  ].join("\n")}\n`;
}

function family(name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((sample) => line(name, sample))].join(
    "\n",
  );
}

function histogram({ counters }: QueueMetrics, timing: Timing, name: string, help: string): string {
  let below = 0;
  const buckets = durationBucketsMs.map((ms, index) => {
    below += counters[`${timing}.${index}`] ?? 0;
    return line(`${name}_bucket`, [{ le: String(ms / 1000) }, below]);
  });
  const count = timed(counters, timing);
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} histogram`,
    ...buckets,
    line(`${name}_bucket`, [{ le: "+Inf" }, count]),
    line(`${name}_sum`, [{}, (counters[`${timing}.sum`] ?? 0) / 1000]),
    line(`${name}_count`, [{}, count]),
  ].join("\n");
}

function line(name: string, [labels, value]: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`;
}
