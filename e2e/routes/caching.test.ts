import { expect, test } from "vitest";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { resultWith, TestAgent } from "../clients/testAgent.ts";
import { TestClient } from "../clients/testClient.ts";
import { until } from "../clients/until.ts";
import { onEveryShell } from "./everyShell.ts";

onEveryShell((shell) => {
  test("the same definition again is answered in the submit, and does not run", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const definition = uniqueDefinition({ env: { A: "1", B: "2" } });
    const { jobId } = await api.submit(definition);
    const result = resultWith({ "a.txt": { type: "utf8", value: "A" } });
    await agent.run(jobId, { result });
    await api.finished(jobId);
    const sameInOtherWords = { env: { B: "2", A: "1" }, extra: true, ...definition };
    expect(await api.submit(sameInOtherWords)).toMatchObject({
      success: true,
      jobId,
      state: "Finished",
      result: { state: "Finished", finished: { reason: "Success", result } },
    });
    await agent.sync();
    expect(agent.startsOf(jobId)).toHaveLength(1);
  });

  test("a client's submission of a finished job is answered on its socket, and does not run", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const definition = uniqueDefinition();
    const { jobId } = await api.submit(definition);
    await agent.run(jobId);
    await api.finished(jobId);
    const client = await TestClient.connect(api);
    const from = client.count;
    client.submit(definition);
    const seen = await client.job(jobId, "Finished", { from });
    expect(seen).toMatchObject({ finishedReason: "Success" });
    expect(await api.listed(jobId)).toEqual(seen);
    await agent.sync();
    expect(agent.startsOf(jobId)).toHaveLength(1);
  });

  test("a result answers only its own definition", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const definition = uniqueDefinition();
    await api.submit(definition);
    await agent.run(idOf(definition));
    await api.finished(idOf(definition));
    const other = await api.submit({ ...definition, env: { MY_PARAM: "hello" } });
    expect(other.result).toBeUndefined();
    await agent.started(other.jobId);
  });

  test("delete and submit is a new run", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const client = await TestClient.connect(api);
    const definition = uniqueDefinition();
    const { jobId } = await api.submit(definition);
    const first = await agent.run(jobId, { result: resultWith({ n: { type: "utf8", value: "1" } }) });
    await api.finished(jobId);
    const from = agent.socket.frames.all.length;
    client.end(jobId, "Deleted");
    client.submit(definition);
    const second = await agent.started(jobId, { from });
    expect(second.attempt).not.toBe(first.attempt);
    await agent.finish(second, { result: resultWith({ n: { type: "utf8", value: "2" } }) });
    await until(
      "the second result",
      () => api.result(jobId),
      (job) => job?.finished?.result?.outputs.n?.value === "2",
    );
  });

  test("submissions of one definition join while it is under way, and each namespace is told of its end", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const clients = [await TestClient.connect(api), await TestClient.connect(api)];
    const definition = uniqueDefinition();
    const id = idOf(definition);
    clients[0]?.submit(definition, { control: { namespace: "one" } });
    clients[1]?.submit(definition, { control: { namespace: "two" } });
    const start = await agent.started(id);
    expect(await api.submit(definition)).toMatchObject({ state: "Running" });
    expect(await api.listed(id)).toMatchObject({ namespaces: ["_", "one", "two"] });
    await agent.finish(start);
    for (const client of clients) expect(await client.job(id, "Finished")).toMatchObject({ finishedReason: "Success" });
    await agent.sync();
    expect(agent.startsOf(id)).toHaveLength(1);
  });

  test("in a named namespace a newer job replaces the older one, which can be submitted again", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const client = await TestClient.connect(api);
    const [older, newer] = [uniqueDefinition(), uniqueDefinition()];
    const control = { namespace: "slider" };
    await api.submit(older, { control });
    const start = await agent.started(idOf(older));
    await api.submit(newer, { control });
    expect(await client.job(idOf(older), "Finished")).toMatchObject({ finishedReason: "JobReplacedByClient" });
    expect(await agent.stopped(idOf(older))).toMatchObject({ attempt: start.attempt, reason: "JobReplacedByClient" });
    expect(Object.keys(await api.list())).toEqual([idOf(newer)]);
    const again = await api.submit(older, { control });
    expect(again.state).not.toBe("Finished");
    expect(await client.job(idOf(newer), "Finished")).toMatchObject({ finishedReason: "JobReplacedByClient" });
  });

  test("in the namespace _ nothing replaces anything", async () => {
    const api = new QueueApi(shell());
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await api.submit(uniqueDefinition())).jobId);
    expect(Object.keys(await api.list()).sort()).toEqual(ids.sort());
  });

  test("a replaced job goes on where another namespace wants it", async () => {
    const api = new QueueApi(shell());
    const shared = uniqueDefinition();
    await api.submit(shared, { control: { namespace: "slider" } });
    await api.submit(shared);
    const { jobId } = await api.submit(uniqueDefinition(), { control: { namespace: "slider" } });
    const listed = await api.list();
    expect(listed[idOf(shared)]).toMatchObject({ state: "Queued", namespaces: ["_"] });
    expect(listed[jobId]).toMatchObject({ namespaces: ["slider"] });
  });

  test("a replacement that is answered from the cache replaces as well", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api, { offer: { slots: 1 } });
    const [done, waiting] = [uniqueDefinition(), uniqueDefinition()];
    await api.submit(done);
    await agent.run(idOf(done));
    await api.finished(idOf(done));
    const control = { namespace: "slider" };
    await api.submit(waiting, { control });
    expect(await api.submit(done, { control })).toMatchObject({ state: "Finished" });
    expect(await api.result(idOf(waiting))).toMatchObject({ finishedReason: "JobReplacedByClient" });
  });
});
