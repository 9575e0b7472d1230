import { expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { idOf, json, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { TestAgent } from "../clients/testAgent.ts";
import { TestClient } from "../clients/testClient.ts";
import { until } from "../clients/until.ts";
import { onEveryShell } from "./everyShell.ts";

onEveryShell((shell) => {
  test("a queued job that is cancelled leaves the list, and its result says so", async () => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    expect(await api.cancel(jobId)).toEqual({ success: true, jobId, namespace: "_" });
    expect(await api.list()).toEqual({});
    expect(await api.result(jobId)).toMatchObject({
      state: "Finished",
      finishedReason: "Cancelled",
      finished: { reason: "Cancelled", message: expect.any(String) },
    });
    expect(await api.cancel(jobId)).toEqual({ message: "Job already Finished" });
  });

  test("cancelling a running job is answered at once, and its agent is told to stop", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const client = await TestClient.connect(api);
    const { jobId } = await api.submit(uniqueDefinition());
    const { attempt } = await agent.started(jobId);
    expect(await api.cancel(jobId)).toMatchObject({ success: true });
    expect(await client.job(jobId, "Finished")).toMatchObject({ finishedReason: "Cancelled" });
    expect(await agent.stopped(jobId)).toEqual({ job: jobId, attempt, reason: "Cancelled" });
    expect(await agent.finish({ job: jobId, attempt })).toMatchObject({ outcome: "refused", why: expect.any(String) });
    expect(await api.result(jobId)).toMatchObject({ finishedReason: "Cancelled" });
  });

  test("a job that ran for as long as its submission's control allows ends, and its agent is told to stop", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const client = await TestClient.connect(api);
    const { jobId } = await api.submit(uniqueDefinition(), { control: { maxDuration: "300ms" } });
    await agent.started(jobId);
    expect(await client.job(jobId, "Finished")).toMatchObject({ finishedReason: "TimedOut" });
    expect(await agent.stopped(jobId)).toMatchObject({ reason: "Cancelled" });
    expect(await api.result(jobId)).toMatchObject({
      finished: { reason: "TimedOut", result: { isTimedOut: true, error: expect.stringContaining("maxDuration") } },
    });
  });

  test("a cancelled job can be submitted again, as a new run", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const definition = uniqueDefinition();
    const { jobId } = await api.submit(definition);
    const first = await agent.started(jobId);
    await api.cancel(jobId);
    await agent.stopped(jobId);
    const from = agent.socket.frames.all.length;
    expect(await api.submit(definition)).toMatchObject({ state: expect.stringMatching(/Queued|Running/) });
    const second = await agent.started(jobId, { from });
    expect(second.attempt).not.toBe(first.attempt);
    expect(await agent.finish(second)).toMatchObject({ outcome: "accepted" });
    expect(
      await until(
        "a success",
        () => api.result(jobId),
        (job) => job?.finishedReason === "Success",
      ),
    ).toBeTruthy();
  });

  test.each([
    ["?namespace=mine", ""],
    ["?namespace=*", ""],
    ["", "/mine"],
    ["", "/*"],
  ])("the namespace can stand in the query (%s) or in the path (%s)", async (query, segment) => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition(), { control: { namespace: "mine" } });
    const answer = await json(await api.post(`/q/${api.queue}/j/${jobId}${segment}/cancel${query}`));
    expect(answer).toMatchObject({ success: true, jobId });
    expect(await api.result(jobId)).toMatchObject({ finishedReason: "Cancelled" });
  });

  test("a job goes on for its other namespaces", async () => {
    const api = new QueueApi(shell());
    const definition = uniqueDefinition();
    const { jobId } = await api.submit(definition, { control: { namespace: "one" } });
    await api.submit(definition, { control: { namespace: "two" } });
    expect(await api.cancel(jobId)).toEqual({ message: "Job is not in the namespace _" });
    expect(await api.cancel(jobId, "?namespace=one")).toMatchObject({ success: true });
    expect(await api.listed(jobId)).toMatchObject({ state: "Queued", namespaces: ["two"] });
    expect(await api.cancel(jobId, "?namespace=two")).toMatchObject({ success: true });
    expect(await api.list()).toEqual({});
  });

  test("cancelling what was never submitted changes nothing", async () => {
    const api = new QueueApi(shell());
    expect(await api.cancel(idOf(uniqueDefinition()))).toEqual({ message: "Job not found" });
    expect(await api.list()).toEqual({});
  });

  test("a finished job stays as it finished", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const { jobId } = await api.submit(uniqueDefinition());
    await agent.run(jobId);
    const before = await api.finished(jobId);
    expect(await api.cancel(jobId, "?namespace=*")).toEqual({ message: "Job already Finished" });
    expect(await api.result(jobId)).toEqual(before);
  });

  test("a client cancels and deletes over its socket", async () => {
    const api = new QueueApi(shell());
    const client = await TestClient.connect(api);
    const [cancelled, deleted] = [await api.submit(uniqueDefinition()), await api.submit(uniqueDefinition())];
    client.end(cancelled.jobId, "Cancelled");
    client.end(deleted.jobId, "Deleted");
    expect(await client.job(cancelled.jobId, "Finished")).toMatchObject({ finishedReason: "Cancelled" });
    expect(await client.job(deleted.jobId, "Finished")).toMatchObject({ finishedReason: "Deleted" });
    await client.settled();
    expect((await api.request(paths.job(api.queue, deleted.jobId))).status).toBe(404);
    expect(await api.result(deleted.jobId)).toBeNull();
    // Neither is left in line.
    const { jobId: next } = await api.submit(uniqueDefinition());
    const agent = await TestAgent.connect(api, { offer: { slots: 3 } });
    await agent.started(next);
    await agent.sync();
    expect([...agent.startsOf(cancelled.jobId), ...agent.startsOf(deleted.jobId)]).toEqual([]);
  });
});
