import { expect, test } from "vitest";
import { QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { TestClient } from "../clients/testClient.ts";
import { onEveryShell } from "./everyShell.ts";

const submissions = 20;
const clients = 10;

onEveryShell((shell) => {
  test("the first submissions to a queue, all at once, are all listed and all seen by who connects then", async () => {
    const api = new QueueApi(shell());
    const all = await Promise.all(Array.from({ length: submissions }, () => api.submit(uniqueDefinition())));
    const ids = all.map(({ jobId }) => jobId).sort();
    expect(new Set(ids).size).toBe(submissions);
    expect(Object.keys(await api.list()).sort()).toEqual(ids);
    const client = await TestClient.connect(api);
    for (const id of ids) await client.job(id, "Queued");
  });

  test("clients that connect to a new queue at the same moment all see all jobs submitted meanwhile", async () => {
    const api = new QueueApi(shell());
    const connecting = Array.from({ length: clients }, () => TestClient.connect(api));
    const submitting = Array.from({ length: submissions }, () => api.submit(uniqueDefinition()));
    const [connected, submitted] = await Promise.all([Promise.all(connecting), Promise.all(submitting)]);
    for (const client of connected) {
      for (const { jobId } of submitted) await client.job(jobId, "Queued");
    }
    await Promise.all(connected.map((client) => client.socket.close()));
  });
});
