import { expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { idOf, json, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { TestAgent } from "../clients/testAgent.ts";
import { until } from "../clients/until.ts";
import { onEveryShell } from "./everyShell.ts";

onEveryShell((shell) => {
  const metricsOf = async (api: QueueApi, path = `/q/${api.queue}/metrics`) => {
    const response = await api.request(path);
    expect(response.headers.get("content-type")).toBe("text/plain");
    return response.text();
  };

  test("a job is copied to another queue by its id", async () => {
    const [from, to] = [new QueueApi(shell()), new QueueApi(shell())];
    const definition = uniqueDefinition();
    const { jobId } = await from.submit(definition);
    const body = { queue: to.queue, control: { namespace: "copied" } };
    const answer = await json(await from.post(`/j/${jobId}/copy`, body));
    expect(answer).toEqual({ success: true, jobId, state: "Queued" });
    expect(await to.list()).toMatchObject({ [jobId]: { state: "Queued", namespaces: ["copied"] } });
    expect(await json(await to.request(paths.definition(to.queue, jobId)))).toEqual({ data: definition });
  });

  test.each([
    ["without a queue", {}, 400],
    ["to no queue's name", { queue: "" }, 400],
    ["with a control block that is none", { queue: "x", control: { namespace: 1 } }, 400],
    ["that is not JSON", undefined, 400],
  ])("a copy %s is refused", async (_what, body, status) => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    const response = await api.post(`/j/${jobId}/copy`, body);
    expect([response.status, await response.json()]).toEqual([status, { error: expect.any(String) }]);
  });

  test("what was never submitted can't be copied", async () => {
    const api = new QueueApi(shell());
    const response = await api.post(`/j/${idOf(uniqueDefinition())}/copy`, { queue: api.queue });
    expect([response.status, await response.json()]).toEqual([404, { error: "Job definition not found" }]);
  });

  test("a job's history says when it was queued, started and ended", async () => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    const history = async () => json(await api.request(`/q/${api.queue}/j/${jobId}/history.json`));
    const queued = { state: "Queued", time: expect.any(Number) };
    expect(await history()).toEqual({ data: [queued] });
    const agent = await TestAgent.connect(api);
    await agent.run(jobId);
    await api.finished(jobId);
    const worker = expect.any(String);
    const running = { state: "Running", time: expect.any(Number), worker };
    const finished = { state: "Finished", time: expect.any(Number), worker, reason: "Success" };
    expect(await history()).toEqual({ data: [queued, running, finished] });
    const never = idOf(uniqueDefinition());
    expect(await json(await api.request(`/q/${api.queue}/j/${never}/history.json`))).toEqual({ data: [] });
  });

  test("the metrics count jobs that wait or run, in the form that autoscalers read", async () => {
    const api = new QueueApi(shell());
    const empty = await metricsOf(api);
    expect(empty.split("\n").slice(0, 4)).toEqual([
      "",
      "# HELP queue_length The number of outstanding jobs in the queue",
      "# TYPE queue_length gauge",
      "queue_length 0",
    ]);
    expect(empty.endsWith("\n")).toBe(true);
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await api.submit(uniqueDefinition())).jobId);
    const agent = await TestAgent.connect(api, { offer: { slots: 1 } });
    const [first = ""] = ids;
    await agent.started(first);
    expect(await metricsOf(api, `/${api.queue}/metrics`)).toContain("\nqueue_length 3\n");
    await agent.run(first, { statusCode: 0 });
    const text = await until(
      "two jobs",
      () => metricsOf(api),
      (seen) => seen.includes("\nqueue_length 2\n"),
    );
    for (const line of [
      'longshore_jobs{state="Queued"} 1',
      'longshore_jobs{state="Running"} 1',
      'longshore_jobs{state="Finished"} 1',
      'longshore_submissions_total{outcome="queued"} 3',
      'longshore_jobs_finished_total{reason="Success"} 1',
      'longshore_jobs_finished_total{reason="Cancelled"} 0',
      'longshore_job_wait_seconds_bucket{le="+Inf"} 2',
      "longshore_job_run_seconds_count 1",
      "longshore_agents 1",
      "longshore_slots 1",
      "longshore_slots_used 1",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
  });

  test("every line of the metrics is one that a scraper reads", async () => {
    const api = new QueueApi(shell());
    await api.submit(uniqueDefinition());
    const sample = /^[a-z_]+(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? -?\d+(\.\d+)?$/;
    for (const line of (await metricsOf(api)).trim().split("\n")) {
      expect([line, line.startsWith("# HELP ") || line.startsWith("# TYPE ") || sample.test(line)]).toEqual([
        line,
        true,
      ]);
    }
  });

  test("the status says why each job waits, and its place in line", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api, { offer: { slots: 1 } });
    const running = await api.submit(uniqueDefinition());
    await agent.started(running.jobId);
    const gpu = await api.submit(uniqueDefinition({ requirements: { gpus: 1 } }));
    const tagged = await api.submit(uniqueDefinition({ tags: ["lab"] }));
    const [first, second] = [await api.submit(uniqueDefinition()), await api.submit(uniqueDefinition())];
    const { jobs, localWorkers, queueInfo } = await api.status();
    expect(jobs).toEqual({
      [running.jobId]: { state: "Running" },
      [gpu.jobId]: { state: "Queued", waiting: expect.stringContaining("1 GPU") },
      [tagged.jobId]: { state: "Queued", waiting: expect.stringContaining("the tag lab") },
      [first.jobId]: { state: "Queued", waiting: expect.any(String), place: 1 },
      [second.jobId]: { state: "Queued", waiting: expect.any(String), place: 2 },
    });
    expect(Object.values(localWorkers)).toMatchObject([{ queue: { [running.jobId]: { jobId: running.jobId } } }]);
    expect(queueInfo).toMatchObject({ jobCount: 5, localWorkerCount: 1, otherWorkerCount: 0, clientCount: 0 });
    expect(queueInfo.jobStates).toContainEqual({ id: first.jobId.slice(0, 6), state: "Queued", worker: "none" });
  });

  test("the older upload and download addresses lead to the blob", async () => {
    const api = new QueueApi(shell());
    const key = `k-${crypto.randomUUID()}.txt`;
    const { url, ref } = await read(api, `/upload/${key}`);
    expect(ref).toEqual({ value: key, type: "key" });
    expect((await fetch(url, { method: "PUT", body: "content" })).status).toBe(200);
    const download = await read(api, `/download/${key}`);
    expect(download.ref).toEqual({ value: download.url, type: "url" });
    expect(await (await fetch(download.url)).text()).toBe("content");
    for (const bad of ["/upload/..%2Fx", "/download/.hidden", "/upload/a%20b"]) {
      const response = await api.request(bad);
      expect([bad, response.status, await response.json()]).toEqual([bad, 400, { error: expect.any(String) }]);
    }
  });

  test("a cancel keeps its message with the job", async () => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    await api.cancel(jobId, "?message=no%20longer%20needed");
    expect(await api.result(jobId)).toMatchObject({ finished: { message: "no longer needed" } });
  });

  test("the API describes itself, for programs and for people", async () => {
    const api = new QueueApi(shell());
    expect(await json(await api.request("/openapi.json"))).toMatchObject({
      openapi: "3.1.0",
      paths: { "/q/{queue}": { post: { responses: { 200: {}, 429: {} } } } },
      components: { schemas: { JobDefinition: { type: "object" } } },
    });
    const page = await api.request("/api");
    expect(page.headers.get("content-type")).toBe("text/html; charset=UTF-8");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await page.text()).toContain("/q/{queue}/j/{id}/cancel");
  });
});

async function read(api: QueueApi, path: string): Promise<{ url: string; ref: unknown }> {
  const answer = await json(await api.request(path));
  if (typeof answer !== "object" || answer === null || !("url" in answer) || !("ref" in answer)) throw new Error(path);
  return { url: String(answer.url), ref: answer.ref };
}
