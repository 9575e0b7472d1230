// An agent's state in Prometheus' text format. Queues are named by the first digits of their hash. Pure.

import { shortQueue } from "../log.ts";
import type { AgentStatus } from "../status.ts";

type Labels = Readonly<Record<string, string>>;
interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export function metricsOf(status: AgentStatus, memoryBytes: number): string {
  const { agent, name, version, startedAt, engine, capacity, slotsUsed, queues, unsent, counts } = status;
  const told = (event: string) => counts.filter((count) => count.event === event);
  const sum = (event: string) => told(event).reduce((total, count) => total + count.total, 0);
  return [
    metric("agent_info", "gauge", "Which agent this is.", [{ labels: { agent, name, version }, value: 1 }]),
    metric("agent_start_time_seconds", "gauge", "When it started.", [{ value: startedAt / 1000 }]),
    metric("agent_serving", "gauge", "1 while it takes jobs.", [{ value: status.state === "serving" ? 1 : 0 }]),
    metric("agent_engine_up", "gauge", "1 while the Docker engine answers.", [{ value: engine ? 1 : 0 }]),
    metric("agent_slots", "gauge", "Jobs that it runs at a time.", [{ value: capacity.slots }]),
    metric("agent_slots_used", "gauge", "Jobs that it runs now.", [{ value: slotsUsed }]),
    metric(
      "agent_queue_connected",
      "gauge",
      "1 for each queue that is connected.",
      queues.flatMap(({ queue, connected }) =>
        queue === undefined ? [] : [{ labels: { queue: shortQueue(queue) }, value: connected ? 1 : 0 }],
      ),
    ),
    metric("agent_queues", "gauge", "Queues that it serves.", [{ value: queues.length }]),
    metric("agent_unsent_finishes", "gauge", "Ends of jobs that no queue has answered yet.", [{ value: unsent }]),
    metric("agent_jobs_started_total", "counter", "Jobs begun.", [{ value: sum("job started") }]),
    metric(
      "agent_jobs_finished_total",
      "counter",
      "Jobs that were reported.",
      told("job finished").map(({ reason = "", total }) => ({ labels: { reason }, value: total })),
    ),
    metric("agent_jobs_stopped_total", "counter", "Jobs that were cancelled or given back.", [
      { value: sum("job stopped") },
    ]),
    metric("agent_sessions_lost_total", "counter", "Connections that broke, as far as they were logged.", [
      { value: sum("session lost") },
    ]),
    metric("agent_memory_bytes", "gauge", "Resident memory of this process.", [{ value: memoryBytes }]),
  ].join("");
}

function metric(name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): string {
  const full = `longshore_${name}`;
  const lines = samples.map(({ labels = {}, value }) => `${full}${braces(labels)} ${value}\n`);
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join("")}`;
}

function braces(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
