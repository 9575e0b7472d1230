import { expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { TestAgent } from "../clients/testAgent.ts";
import type { Shell } from "../shells/shell.ts";
import { onEveryShell } from "./everyShell.ts";
import { facts, result } from "./facts.ts";

type Names = Readonly<Record<string, string>>;

const made = new WeakMap<Shell, Promise<Names>>();

/** The queue and jobs that the rows speak of, made once for each shell. */
function namesOn(shell: Shell): Promise<Names> {
  const names = made.get(shell) ?? makeNames(new QueueApi(shell));
  made.set(shell, names);
  return names;
}

async function makeNames(api: QueueApi): Promise<Names> {
  const agent = await TestAgent.connect(api);
  const done = await api.submit(uniqueDefinition());
  await agent.run(done.jobId, { result });
  await api.finished(done.jobId);
  await agent.socket.close();
  await expect.poll(async () => (await api.status()).queueInfo.localWorkerCount).toBe(0);
  const cancelled = await api.submit(uniqueDefinition());
  await api.cancel(cancelled.jobId);
  const queued = await api.submit(uniqueDefinition({ inputs: { "in.txt": { type: "utf8", value: "input" } } }));
  const never = idOf(uniqueDefinition());
  return { q: api.queue, queued: queued.jobId, done: done.jobId, cancelled: cancelled.jobId, never };
}

function withNames(text: string, names: Names): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => names[name] ?? whole);
}

/** The same with the names in every string and key of it. Matchers are objects of classes of their own. */
function jsonWithNames(value: unknown, names: Names): unknown {
  if (typeof value === "string") return withNames(value, names);
  if (Array.isArray(value)) return value.map((item) => jsonWithNames(item, names));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [withNames(key, names), jsonWithNames(item, names)]),
  );
}

onEveryShell((shell) => {
  for (const [index, [request, status, details = {}]] of facts.entries()) {
    test(`${index + 1}. ${request.slice(0, 100)} is answered ${status}`, async () => {
      const api = new QueueApi(shell());
      const names = await namesOn(shell());
      const [method = "", path = ""] = withNames(request, names).split(" ");
      const { send, ask, headers = {}, json, text } = details;
      const body = typeof send === "string" ? send : JSON.stringify(jsonWithNames(send, names));
      const response = await api.request(path, {
        method,
        // A page of the server's own: no shell refuses it anything.
        headers: { origin: api.origin, ...ask },
        redirect: "manual",
        ...(send === undefined ? {} : { body }),
      });
      const answer = await response.text();
      expect([response.status, answer.slice(0, 500)]).toEqual([status, expect.any(String)]);
      expect(["*", api.origin]).toContain(response.headers.get("access-control-allow-origin"));
      for (const [name, value] of Object.entries(headers)) {
        const seen = response.headers.get(name);
        if (value instanceof RegExp) expect(seen).toMatch(value);
        else expect([name, seen]).toEqual([name, value]);
      }
      if (json !== undefined) expect(JSON.parse(answer)).toEqual(jsonWithNames(json, names));
      if (typeof text === "string") expect(answer).toBe(text);
      if (text instanceof RegExp) expect(answer).toMatch(text);
    });
  }

  test("a job is listed as soon as its submission is answered, and its definition can be read by its id", async () => {
    const api = new QueueApi(shell());
    const definition = uniqueDefinition();
    const { jobId } = await api.submit(definition);
    expect(Object.keys(await api.list())).toEqual([jobId]);
    expect(await (await api.request(`/j/${jobId}/definition.json`)).json()).toEqual({ data: definition });
    expect((await api.request(paths.job(api.queue, jobId))).status).toBe(200);
  });
});
