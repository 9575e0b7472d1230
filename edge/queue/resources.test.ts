import { expect, test } from "vitest";
import { running } from "../logs/testLog.ts";

const sample = { time: 1_000, cpus: 0.5, memoryBytes: 1_000_000 };
const limits = { memoryBytes: 2_000_000 };

test("what a running job uses goes to who submitted or queried it, to nobody else, and into no row", () => {
  const { queue, agent, job, held } = running();
  const [asker, other] = [queue.client(), queue.client()];
  asker.send({ type: "QueryJob", payload: { jobId: job } });
  for (const client of [asker, other]) client.frames();
  const written = () => JSON.stringify(queue.sql.all("SELECT * FROM jobs, queues"));
  const before = written();
  agent.send({ type: "resources", ...held, limits, samples: [sample] });
  expect(asker.frames()).toEqual([{ type: "JobResources", payload: { jobId: job, limits, samples: [sample] } }]);
  expect(other.frames()).toEqual([]);
  expect(written()).toBe(before);
});

test("samples of an attempt that is over are dropped", () => {
  const { queue, agent, job, held } = running();
  const asker = queue.client();
  asker.send({ type: "QueryJob", payload: { jobId: job } });
  agent.finish(job);
  asker.frames();
  agent.send({ type: "resources", ...held, limits, samples: [sample] });
  expect(asker.frames()).toEqual([]);
});
