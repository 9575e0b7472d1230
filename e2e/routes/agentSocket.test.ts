import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { agentIdOf } from "../../wire/agentId.ts";
import { closeRefused, closeReplaced } from "../../wire/agentMessages.ts";
import { QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { newIdentity, TestAgent } from "../clients/testAgent.ts";
import { until } from "../clients/until.ts";
import { onEveryShell } from "./everyShell.ts";

onEveryShell((shell) => {
  test("an agent is welcomed under an id made from its secret, and told this server's address", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.open(api);
    agent.hello();
    const welcome = await agent.welcome();
    expect(welcome).toMatchObject({ protocol: 1, agent: agentIdOf(agent.identity.secret), revision: 0 });
    expect(welcome.origins).toContain(api.origin);
    expect(JSON.stringify(welcome)).not.toContain(api.queue);
    expect(JSON.stringify(welcome)).not.toContain(agent.identity.secret);
  });

  test("an agent is given nothing before its first sync", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.open(api);
    agent.hello();
    await agent.welcome();
    const { jobId } = await api.submit(uniqueDefinition());
    expect(agent.startsOf(jobId)).toEqual([]);
    expect((await agent.sync()).start).toMatchObject([{ job: jobId }]);
  });

  test("a job that is submitted is pushed to a waiting agent, with the definition that its id counts", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const definition = uniqueDefinition({ env: { Z: "1", A: "2", "mp-secret": "x" }, notCounted: 1 });
    const { jobId } = await api.submit(definition);
    const { image, command } = definition;
    expect(await agent.started(jobId)).toMatchObject({
      attempt: expect.stringMatching(/^[0-9a-z]+\.\d+$/),
      definition: { image, command, env: { A: "2", Z: "1" } },
    });
    expect(await api.listed(jobId)).toMatchObject({ state: "Running", worker: agentIdOf(agent.identity.secret) });
  });

  test("a finish is answered once for each time it is sent, and accepted once", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const { jobId } = await api.submit(uniqueDefinition());
    const start = await agent.started(jobId);
    expect(await agent.finish(start)).toMatchObject({ outcome: "accepted" });
    expect(await agent.finish(start)).toMatchObject({ outcome: "already" });
    expect(await agent.finish(start, { reason: "Error", error: "too late" })).toMatchObject({ outcome: "already" });
    expect(await api.finished(jobId)).toMatchObject({ finishedReason: "Success" });
  });

  test("a finish is answered with the next job", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api, { offer: { slots: 1 } });
    const [first, second] = [await api.submit(uniqueDefinition()), await api.submit(uniqueDefinition())];
    const start = await agent.started(first.jobId);
    expect(agent.startsOf(second.jobId)).toEqual([]);
    const { answered, start: next } = await agent.sync({
      holds: [],
      finished: [{ job: start.job, attempt: start.attempt, reason: "Success", statusCode: 0 }],
    });
    expect(answered).toMatchObject([{ job: first.jobId, outcome: "accepted" }]);
    expect(next).toMatchObject([{ job: second.jobId }]);
  });

  test("jobs are given oldest first, never more than there are slots", async () => {
    const api = new QueueApi(shell());
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push((await api.submit(uniqueDefinition())).jobId);
    const agent = await TestAgent.connect(api, { offer: { slots: 2 } });
    const given = agent.socket.frames.all.flatMap(
      (frame) => JSON.stringify(frame).match(/"job":"[0-9a-f]{64}"/g) ?? [],
    );
    expect(given).toEqual(ids.slice(0, 2).map((id) => `"job":"${id}"`));
  });

  test("a declined job goes back to its place, for another agent", async () => {
    const api = new QueueApi(shell());
    const [full, free] = [await TestAgent.connect(api), newIdentity()];
    const { jobId } = await api.submit(uniqueDefinition());
    const { job, attempt } = await full.started(jobId);
    await full.sync({ holds: [], declined: [{ job, attempt, why: "another queue took the slot" }] });
    const other = await TestAgent.connect(api, { identity: free });
    const again = await other.started(jobId);
    expect(again.attempt).not.toBe(attempt);
    expect(await other.finish(again)).toMatchObject({ outcome: "accepted" });
    expect(await full.finish({ job, attempt })).toMatchObject({ outcome: "refused", why: expect.any(String) });
  });

  test("a newer session of the same agent replaces the older, which is no longer heard", async () => {
    const api = new QueueApi(shell());
    const identity = newIdentity();
    const older = await TestAgent.connect(api, { identity });
    const { jobId } = await api.submit(uniqueDefinition());
    const held = await older.started(jobId);
    const newer = await TestAgent.connect(api, { identity, held: [held] });
    expect(await older.socket.closed()).toEqual({ code: closeReplaced, reason: "replaced" });
    expect(Object.keys((await api.status()).localWorkers)).toHaveLength(1);
    expect(newer.startsOf(jobId)).toEqual([]);
    expect(await newer.finish(held)).toMatchObject({ outcome: "accepted" });
  });

  test("an order that got lost is sent again under the same boot, as the same attempt", async () => {
    const api = new QueueApi(shell());
    const identity = newIdentity();
    const agent = await TestAgent.connect(api, { identity });
    const { jobId } = await api.submit(uniqueDefinition());
    const { attempt } = await agent.started(jobId);
    agent.socket.terminate();
    const back = await TestAgent.connect(api, { identity });
    expect(await back.started(jobId)).toMatchObject({ attempt });
    expect(await back.finish({ job: jobId, attempt })).toMatchObject({ outcome: "accepted" });
  });

  test("a job that a new boot no longer holds is lost, and runs again as another attempt", async () => {
    const api = new QueueApi(shell());
    const identity = newIdentity();
    const agent = await TestAgent.connect(api, { identity });
    const { jobId } = await api.submit(uniqueDefinition());
    const { attempt } = await agent.started(jobId);
    agent.socket.terminate();
    const back = await TestAgent.connect(api, { identity: { ...identity, boot: "another" } });
    const again = await back.started(jobId);
    expect(again.attempt).not.toBe(attempt);
    expect(await back.finish({ job: jobId, attempt })).toMatchObject({ outcome: "refused" });
    expect(await back.finish(again)).toMatchObject({ outcome: "accepted" });
  });

  test("a container that outlived its agent's restart goes on as the same attempt", async () => {
    const api = new QueueApi(shell());
    const identity = newIdentity();
    const agent = await TestAgent.connect(api, { identity });
    const { jobId } = await api.submit(uniqueDefinition());
    const held = await agent.started(jobId);
    agent.socket.terminate();
    const back = await TestAgent.connect(api, { identity: { ...identity, boot: "another" }, held: [held] });
    expect(back.startsOf(jobId)).toEqual([]);
    expect(await api.listed(jobId)).toMatchObject({ state: "Running" });
    expect(await back.finish(held)).toMatchObject({ outcome: "accepted" });
  });

  test("a job whose agents were lost three times ends as an error that says so", async () => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    for (let i = 0; i < 3; i++) {
      const identity = newIdentity();
      const agent = await TestAgent.connect(api, { identity });
      await agent.started(jobId);
      agent.socket.terminate();
      // Its new process holds nothing, and offers no room: the next agent is to get the job.
      const back = await TestAgent.connect(api, { identity: { ...identity, boot: "another" }, offer: { slots: 0 } });
      await back.socket.close();
    }
    const job = await api.finished(jobId);
    expect(job).toMatchObject({
      finishedReason: "Error",
      finished: { message: expect.stringContaining("lost 3 times") },
    });
  });

  test("what an agent holds and should not, it is told to stop", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const { jobId } = await api.submit(uniqueDefinition());
    const { attempt } = await agent.started(jobId);
    const [epoch] = attempt.split(".");
    const stale = { job: jobId, attempt: JSON.parse(JSON.stringify(`${epoch}.999`)) };
    const { stop } = await agent.sync({ holds: [{ job: jobId, attempt }, stale] });
    expect(stop).toEqual([{ ...stale, reason: "Superseded" }]);
  });

  test.each([
    ["of another protocol", { protocol: 99 }, "protocol"],
    ["without the queue's key", { key: "wrong" }, "key"],
  ])("an agent %s is refused, with the reason", async (_what, fields, code) => {
    const api = new QueueApi(shell(), code === "key" ? `k-${"a".repeat(64)}` : undefined);
    const agent = await TestAgent.open(api);
    agent.hello(fields);
    expect(await agent.refusal()).toMatchObject({ code, error: expect.any(String) });
    expect(await agent.socket.closed()).toMatchObject({ code: closeRefused });
  });

  test("a queue that is named after a key admits agents that show it", async () => {
    const key = crypto.randomUUID();
    const api = new QueueApi(shell(), `k-${createHash("sha256").update(key).digest("hex")}`);
    const agent = await TestAgent.open(api);
    agent.hello({ key });
    expect(await agent.welcome()).toMatchObject({ protocol: 1 });
  });

  test("frames that are none are ignored, and so is everything before the hello", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.open(api);
    const { socket } = agent;
    for (const text of ["", "undefined", "{", '{"type":"sync"}', '{"type":"dance"}', '{"type":"hello"}'])
      socket.sendText(text);
    socket.send({ type: "sync", revision: 0, holds: [], finished: [], declined: [] });
    agent.hello();
    await agent.welcome();
    expect(socket.frames.all).toHaveLength(1);
    await agent.sync();
    await until(
      "one agent",
      () => api.status(),
      ({ localWorkers }) => Object.keys(localWorkers).length === 1,
    );
  });
});
