import { expect, test } from "vitest";
import { jsonBodyBytesMax } from "../../wire/limits.ts";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { TestSocket } from "../clients/socket.ts";
import { resultWith, TestAgent } from "../clients/testAgent.ts";
import { TestClient } from "../clients/testClient.ts";
import { until } from "../clients/until.ts";
import { onEveryShell } from "./everyShell.ts";

onEveryShell((shell) => {
  test("a client is greeted with the agents, then with the jobs", async () => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    const agent = await TestAgent.connect(api);
    await agent.started(jobId);
    const client = await TestClient.connect(api);
    expect(client.messages()).toMatchObject([
      { type: "Workers", payload: { workers: [{ version: "test", cpus: 4 }] } },
      { type: "JobStates", payload: { isSubset: false, state: { jobs: { [jobId]: { state: "Running" } } } } },
    ]);
  });

  test.each(["client", "browser"])("the address /q/:queue/%s works, with and without /q", async (name) => {
    const api = new QueueApi(shell());
    for (const path of [`/q/${api.queue}/${name}`, `/${api.queue}/${name}`]) {
      const client = await TestClient.connect(api, path);
      await client.settled();
    }
  });

  test("PING is answered PONG", async () => {
    const client = await TestClient.connect(new QueueApi(shell()));
    await client.settled();
    expect(client.socket.frames.all.at(-1)).toBe("PONG");
  });

  test("a client sees its job queued before it runs, and running before it finishes", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const client = await TestClient.connect(api);
    for (let i = 0; i < 5; i++) {
      const definition = uniqueDefinition();
      const id = idOf(definition);
      client.submit(definition, { id });
      await agent.run(id);
      const finished = await client.job(id, "Finished");
      expect(finished).toMatchObject({ finishedReason: "Success", statusCode: 0 });
      expect(client.statesOf(id)).toEqual(["Queued", "Running", "Finished"]);
    }
  });

  test("the result can be read as soon as a client is told of the end", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const client = await TestClient.connect(api);
    const { jobId } = await api.submit(uniqueDefinition());
    await agent.run(jobId);
    await client.job(jobId, "Finished");
    expect(await api.result(jobId)).toMatchObject({ finished: { result: resultWith({}) } });
  });

  test("QueryJob tells one client of one job, whether it is known or not", async () => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    const client = await TestClient.connect(api);
    const from = client.count;
    client.query(jobId);
    const never = idOf(uniqueDefinition());
    client.query(never);
    await client.settled();
    expect(client.messages(from)).toMatchObject([
      { type: "JobStateUpdates", payload: { isSubset: true, state: { jobs: { [jobId]: { state: "Queued" } } } } },
      { type: "JobStateUpdates", payload: { isSubset: true, state: { jobs: {} } } },
    ]);
  });

  test("QueryJobStates is answered with the whole list, to the asker alone", async () => {
    const api = new QueueApi(shell());
    const [client, other] = [await TestClient.connect(api), await TestClient.connect(api)];
    const { jobId } = await api.submit(uniqueDefinition());
    await other.job(jobId, "Queued");
    const [from, seen] = [client.count, other.count];
    client.socket.send({ type: "QueryJobStates" });
    const { payload } = await client.message("JobStates", from);
    expect(payload.state.jobs).toMatchObject({ [jobId]: { state: "Queued" } });
    await other.settled();
    expect(other.messages(seen)).toEqual([]);
  });

  test("no client, and no agent that was not given it, can start or finish a job", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api, { offer: { slots: 1 } });
    const [running, queued] = [await api.submit(uniqueDefinition()), await api.submit(uniqueDefinition())];
    const held = await agent.started(running.jobId);
    const client = await TestClient.connect(api);
    const [silent, stranger] = [await TestAgent.open(api), await TestAgent.connect(api, { offer: { slots: 0 } })];
    const result = resultWith({ "forged.txt": { type: "utf8", value: "forged" } });
    const time = Date.now();
    for (const job of [running.jobId, queued.jobId]) {
      for (const [state, value] of [
        ["Running", { type: "Running", worker: agent.identity.secret, time }],
        ["Finished", { type: "Finished", reason: "Success", worker: "w", time, result }],
        ["Removed", { type: "Removed", time }],
      ] as const) {
        client.socket.send({ type: "StateChange", payload: { tag: "w", state, job, value } });
      }
      const finish = { job, attempt: held.attempt, reason: "Success", statusCode: 0, result };
      silent.socket.send({ type: "sync", revision: 1, holds: [], finished: [finish], declined: [] });
    }
    await client.settled();
    expect(await stranger.finish(held, { result })).toMatchObject({ outcome: "refused" });
    expect(await api.list()).toMatchObject({
      [running.jobId]: { state: "Running" },
      [queued.jobId]: { state: "Queued" },
    });
    expect(await agent.finish(held)).toMatchObject({ outcome: "accepted" });
    expect(JSON.stringify(await api.finished(running.jobId))).not.toContain("forged");
  });

  test("live logs and phases go to clients that submitted or queried the job", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const [submitter, onlooker] = [await TestClient.connect(api), await TestClient.connect(api)];
    const definition = uniqueDefinition();
    submitter.submit(definition);
    const start = await agent.started(idOf(definition));
    agent.logs(start, 0, ["first", "second"]);
    const { payload } = await submitter.message("JobStatusPayload");
    expect(payload).toMatchObject({
      jobId: start.job,
      step: "Running",
      first: 0,
      logs: [
        ["first", 0],
        ["second", 1],
      ],
    });
    const shows = (message: string) =>
      until(
        `the phase to be shown as ${message}`,
        () => api.listed(start.job),
        (job) => job?.progress?.phase === "run" && job.progress.message === message,
      );
    agent.progress(start, "run", "working");
    const before = await shows("working");
    agent.progress(start, "run", "still working");
    expect((await shows("still working"))?.progress?.since).toBe(before?.progress?.since);
    await onlooker.settled();
    expect(onlooker.messages().map(({ type }) => type)).not.toContain("JobStatusPayload");
    onlooker.query(start.job);
    expect(await onlooker.message("JobStatusPayload")).toMatchObject({ payload });
  });

  test("a definition that is not accepted is refused, to its sender alone", async () => {
    const api = new QueueApi(shell());
    const [sender, other] = [await TestClient.connect(api), await TestClient.connect(api)];
    const id = "f".repeat(64);
    sender.submit({ command: "no image" }, { id });
    const { payload } = await sender.message("Refused");
    expect(payload).toMatchObject({ jobId: id, code: "definition", error: expect.stringContaining("image") });
    // For clients that know no such frame, the id has ended.
    expect(await sender.job(id, "Finished")).toMatchObject({ finishedReason: "Error" });
    sender.submit(uniqueDefinition(), { id });
    await until(
      "a second refusal",
      () => sender.messages().filter(({ type }) => type === "Refused"),
      (refusals) => refusals.length === 2,
    );
    await other.settled();
    expect(other.messages().map(({ type }) => type)).toEqual(["Workers", "JobStates"]);
    expect(await api.list()).toEqual({});
  });

  test("what is not a frame of the protocol is ignored, and the next frame is heard", async () => {
    const api = new QueueApi(shell());
    const client = await TestClient.connect(api);
    const from = client.count;
    const { socket } = client;
    for (const text of [
      ...["undefined", "", "null", "{", "[]", "hello", "{}", '{"type":"Nothing"}', '{"type":"StateChange"}'],
      '{"type":"QueryJob","payload":{"jobId":"../x"}}',
      '{"type":"StateChange","payload":{"state":"Running","job":"x","value":{}}}',
      `{"type":"QueryJob","payload":{"jobId":"${"x".repeat(jsonBodyBytesMax)}"}}`,
    ]) {
      socket.sendText(text);
    }
    socket.sendBytes(Uint8Array.of(1, 2, 3));
    await client.settled();
    expect(new Set(client.socket.frames.all.slice(from))).toEqual(new Set(["PONG"]));
    const { jobId } = await api.submit(uniqueDefinition());
    expect(await client.job(jobId, "Queued")).toBeTruthy();
  });

  test("the number of connected clients is shown, and falls when they go", async () => {
    const api = new QueueApi(shell());
    const clients = [await TestClient.connect(api), await TestClient.connect(api)];
    expect((await api.status()).clientCount).toBe(2);
    await clients[0]?.socket.close();
    clients[1]?.socket.terminate();
    await until(
      "no clients",
      () => api.status(),
      ({ clientCount }) => clientCount === 0,
    );
  });

  test("a page of any queue's name is heard, if it is a name", async () => {
    for (const name of ["a", "ä queue/with ünicode", "x".repeat(128), "..a", "100%"]) {
      const api = new QueueApi(shell(), `${name.slice(0, 100)}${crypto.randomUUID().slice(0, 20)}`);
      const { jobId } = await api.submit(uniqueDefinition());
      const client = await TestClient.connect(api);
      expect((await client.message("JobStates")).payload.state.jobs).toHaveProperty(jobId);
      const socket = await TestSocket.open(api.origin, `/q/${encodeURIComponent(api.queue.normalize("NFD"))}/client`);
      const frame = await socket.frames.find("the same queue", (seen) =>
        JSON.stringify(seen).includes(jobId) ? seen : undefined,
      );
      expect(frame).toBeTruthy();
    }
  });
});
