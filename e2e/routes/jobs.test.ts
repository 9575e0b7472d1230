import { expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { idOf, json, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { resultWith, TestAgent } from "../clients/testAgent.ts";
import { TestClient } from "../clients/testClient.ts";
import { onEveryShell } from "./everyShell.ts";

onEveryShell((shell) => {
  test("a submitted job is listed as queued, with the reason why it waits", async () => {
    const api = new QueueApi(shell());
    const definition = uniqueDefinition();
    const answer = await api.submit(definition);
    expect(answer).toEqual({ success: true, jobId: idOf(definition), state: "Queued" });
    const waiting = { state: "Queued", worker: "", namespaces: ["_"], waiting: expect.stringContaining("No agent") };
    expect(await api.list()).toMatchObject({ [answer.jobId]: waiting });
    expect(await json(await api.request(`/q/${api.queue}/j`))).toMatchObject({ data: { [answer.jobId]: waiting } });
    expect((await api.status()).jobs).toMatchObject({ [answer.jobId]: { state: "Queued" } });
    expect(await json(await api.request(`/q/${api.queue}/j/${answer.jobId}/namespaces.json`))).toEqual({ data: ["_"] });
  });

  test("both addresses take a submission, with or without a matching id", async () => {
    const api = new QueueApi(shell());
    const [first, second] = [uniqueDefinition(), uniqueDefinition()];
    expect((await api.submit(first, { id: idOf(first) })).jobId).toBe(idOf(first));
    const answer = await json(await api.post(`/q/${api.queue}/j`, { definition: second }));
    expect(answer).toMatchObject({ success: true, jobId: idOf(second) });
  });

  test("a queued job's definition can be read, and it has no result", async () => {
    const api = new QueueApi(shell());
    const definition = uniqueDefinition({ env: { B: "2", A: "1" }, unknownField: true });
    const id = idOf(definition);
    await api.submit(definition);
    const { unknownField: _, ...canonical } = definition;
    expect(await json(await api.request(paths.definition(api.queue, id)))).toEqual({ data: canonical });
    for (const path of [paths.job(api.queue, id), `${paths.job(api.queue, id)}.json`, `/j/${id}`, `/j/${id}.json`]) {
      expect(await json(await api.request(path))).toEqual({ data: { definition: canonical } });
    }
    expect(await api.result(id)).toBeNull();
  });

  test("a definition of nearly a megabyte is pushed to its agent whole", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const definition = uniqueDefinition({ inputs: { "big.txt": { type: "utf8", value: "x".repeat(1_000_000) } } });
    const { jobId } = await api.submit(definition);
    expect((await agent.run(jobId)).definition).toEqual(definition);
    expect(await api.finished(jobId)).toMatchObject({ finishedReason: "Success" });
    const input = await api.request(`/q/${api.queue}/j/${jobId}/inputs/big.txt`);
    expect((await input.text()).length).toBe(1_000_000);
  });

  test.each(["HTTP", "a socket"])(
    "a finished job that came by %s can be read from its queue, and by its id alone",
    async (way) => {
      const api = new QueueApi(shell());
      const definition = uniqueDefinition();
      const id = idOf(definition);
      if (way === "HTTP") await api.submit(definition);
      else (await TestClient.connect(api)).submit(definition);
      const agent = await TestAgent.connect(api);
      await agent.run(id, { result: resultWith({ "a.txt": { type: "utf8", value: "A" } }) });
      const job = await api.finished(id);
      expect(job).toMatchObject({
        state: "Finished",
        finishedReason: "Success",
        statusCode: 0,
        finished: { reason: "Success", result: { StatusCode: 0, outputs: { "a.txt": { value: "A" } } } },
      });
      for (const base of [`/q/${api.queue}/j/${id}`, `/j/${id}`]) {
        expect(await json(await api.request(base))).toEqual({ data: { definition, results: job } });
        expect(await json(await api.request(`${base}/definition.json`))).toEqual({ data: definition });
        expect(await json(await api.request(`${base}/results.json`))).toEqual({ data: job });
        expect(await (await api.request(`${base}/outputs/a.txt`)).text()).toBe("A");
      }
      expect(await api.listed(id)).toMatchObject({ state: "Finished", finishedReason: "Success" });
    },
  );

  test("a container that exits with another code than 0 has finished, and its code is shown", async () => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    const agent = await TestAgent.connect(api);
    await agent.run(jobId, { statusCode: 3, result: { ...resultWith({}), StatusCode: 3 } });
    const job = await api.finished(jobId);
    expect(job).toMatchObject({ finishedReason: "Success", statusCode: 3, finished: { result: { StatusCode: 3 } } });
  });

  test.each([
    ["Error", "the image does not exist"],
    ["TimedOut", "it ran longer than 5 minutes"],
  ] as const)("an end as %s says why", async (reason, error) => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    const agent = await TestAgent.connect(api);
    const result = { logs: [], error, isTimedOut: reason === "TimedOut", outputs: {} };
    await agent.run(jobId, { reason, statusCode: undefined, error, result });
    expect(await api.finished(jobId)).toMatchObject({ finishedReason: reason, finished: { message: error } });
  });

  test("the status shows agents, what they run, and clients", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api, { offer: { slots: 2, gpus: 1 } });
    const { jobId } = await api.submit(uniqueDefinition());
    await agent.started(jobId);
    const { localWorkers, jobs } = await api.status();
    expect(Object.values(localWorkers)).toMatchObject([{ cpus: 2, gpus: 1, version: "test", queue: { [jobId]: {} } }]);
    expect(jobs).toMatchObject({ [jobId]: { state: "Running" } });
    const legacy = await json(await api.request(`/${api.queue}/status`));
    expect(legacy).toMatchObject({ jobs: { [jobId]: { state: "Running" } } });
  });

  test("a job that no connected agent could run says so, and blocks nobody", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const demanding = await api.submit(uniqueDefinition({ requirements: { gpus: 2 }, tags: ["lab"] }));
    const modest = await api.submit(uniqueDefinition());
    await agent.started(modest.jobId);
    const { waiting } = (await api.listed(demanding.jobId)) ?? {};
    expect(waiting).toContain("2 GPUs");
    expect(waiting).toContain("the tag lab");
  });

  test("what was never submitted is not found, and has no definition or result", async () => {
    const api = new QueueApi(shell());
    const id = idOf(uniqueDefinition());
    expect((await api.request(paths.job(api.queue, id))).status).toBe(404);
    expect(await api.result(id)).toBeNull();
    expect(await json(await api.request(paths.definition(api.queue, id)))).toEqual({ data: null });
    expect(await json(await api.request(`/j/${id}/result.json`))).toEqual({ data: null });
    expect((await api.request(paths.output(api.queue, id, "a"))).status).toBe(404);
    expect((await api.request(paths.input(api.queue, id, "a"))).status).toBe(404);
    expect(await json(await api.request(`/q/${api.queue}/j/${id}/namespaces.json`))).toEqual({ data: [] });
  });

  test("a queue that nobody has used looks empty", async () => {
    const api = new QueueApi(shell());
    expect(await api.list()).toEqual({});
    expect(await api.status()).toMatchObject({ jobs: {}, localWorkers: {}, clientCount: 0 });
  });
});
