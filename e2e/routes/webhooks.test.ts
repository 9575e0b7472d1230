import { createHmac } from "node:crypto";
import { hostname } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { idOf, json, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { Receiver } from "../clients/receiver.ts";
import { TestAgent } from "../clients/testAgent.ts";
import { TestClient } from "../clients/testClient.ts";
import { webhookRetryMs } from "../limits.ts";
import { startCloudflareShell } from "../shells/cloudflareShell.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import type { Shell } from "../shells/shell.ts";
import { onEveryShell, startedShell } from "./everyShell.ts";

// The Worker takes only names; this machine's own leads to it, and the test's workerd may reach private addresses. The Node
// shell is told to allow loopback.
const shells: readonly (readonly [string, () => Promise<Shell>, string])[] = [
  ["the Node shell", () => startNodeShell({ allowRanges: ["127.0.0.0/8"] }), "127.0.0.1"],
  ["the Cloudflare shell", () => startCloudflareShell(), hostname()],
];

describe.each(shells)("%s", (_name, start, host) => {
  const shell = startedShell(start);
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await Receiver.start();
  });
  afterEach(() => receiver.stop());
  const hook = (fields: object = {}) => ({ url: `http://${host}:${receiver.port}/hook?token=t`, ...fields });

  test("a job that goes into line calls `queued`, and one that joins it does not", async () => {
    const api = new QueueApi(shell());
    const control = { namespace: "mine", callbacks: { queued: hook({ payload: { n: [1] } }) } };
    const definition = uniqueDefinition();
    const { jobId } = await api.submit(definition, { control });
    const { method, url, headers, body } = await receiver.request(0);
    expect([method, url, headers["content-type"]]).toEqual(["POST", "/hook?token=t", "application/json"]);
    expect(headers["longshore-event"]).toBe("queued");
    expect(JSON.parse(body)).toEqual({ jobId, queue: api.queue, namespace: "mine", config: { n: [1] } });
    await api.submit(definition, { control });
    // Had it called again, it would have done so before this one.
    const other = await api.submit(uniqueDefinition(), { control });
    expect(JSON.parse((await receiver.request(1)).body)).toMatchObject({ jobId: other.jobId });
  });

  test("the end of a job calls `finished`, with what a receiver needs to go on", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const { jobId } = await api.submit(uniqueDefinition(), { control: { callbacks: { finished: hook() } } });
    await agent.run(jobId, { statusCode: 3 });
    const { headers, body } = await receiver.request(0);
    expect(headers["longshore-event"]).toBe("finished");
    const { links, ...said } = JSON.parse(body);
    expect(said).toEqual({
      ...{ jobId, queue: api.queue, namespace: "_", config: {}, state: "Finished" },
      ...{ reason: "Success", StatusCode: 3, cached: false },
    });
    expect(await json(await fetch(links.result))).toMatchObject({ data: { finishedReason: "Success", statusCode: 3 } });
    expect((await fetch(links.job)).status).toBe(200);
  });

  test("a job that is answered from cache calls `finished` at once, one that is cancelled when it is", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const definition = uniqueDefinition();
    const { jobId } = await api.submit(definition);
    await agent.run(jobId);
    await api.finished(jobId);
    const control = { callbacks: { finished: hook() } };
    await api.submit(definition, { control });
    expect(JSON.parse((await receiver.request(0)).body)).toMatchObject({ reason: "Success", cached: true });
    const other = await api.submit(uniqueDefinition(), { control });
    await api.cancel(other.jobId);
    expect(JSON.parse((await receiver.request(1)).body)).toMatchObject({ jobId: other.jobId, reason: "Cancelled" });
  });

  test("a receiver that does not answer keeps nobody waiting", async () => {
    receiver.reply = () => "silence";
    const api = new QueueApi(shell());
    const begun = performance.now();
    await api.submit(uniqueDefinition(), { control: { callbacks: { queued: hook() } } });
    const tookMs = performance.now() - begun;
    await receiver.request(0);
    expect(tookMs).toBeLessThan(3_000);
  });

  test("a webhook is signed with its secret, which no answer and no log shows", async () => {
    const api = new QueueApi(shell());
    const client = await TestClient.connect(api);
    const secret = `secret-${crypto.randomUUID()}`;
    const callbacks = { queued: hook({ secret }), finished: hook({ secret }) };
    const definition = uniqueDefinition();
    const answer = await api.submit(definition, { control: { callbacks } });
    const { headers, body } = await receiver.request(0);
    const signature = createHmac("sha256", secret).update(`${headers["longshore-timestamp"]}.${body}`).digest("hex");
    expect(headers["longshore-signature"]).toBe(`v1=${signature}`);
    await api.cancel(answer.jobId);
    await receiver.request(1);
    const read = async (path: string) => (await api.request(path)).text();
    const base = `/q/${api.queue}/j/${answer.jobId}`;
    const paths = ["", "/definition.json", "/result.json", "/history.json", "/namespaces.json"].map(
      (tail) => base + tail,
    );
    const seen = [
      JSON.stringify([answer, client.socket.frames.all]),
      ...(await Promise.all([...paths, `/q/${api.queue}`, `/q/${api.queue}/status`].map(read))),
      ...receiver.requests.all.map((request) => JSON.stringify(request)),
      shell().output(),
    ].join("\n");
    expect(seen).not.toContain(secret);
    expect(shell().output()).not.toContain("token=t");
    expect(shell().output()).not.toContain(api.queue);
  });

  test("a webhook that fails is sent again as the same delivery", async () => {
    receiver.reply = (index) => (index === 0 ? 500 : 200);
    const api = new QueueApi(shell());
    await api.submit(uniqueDefinition(), { control: { callbacks: { queued: hook() } } });
    const [first, second] = [await receiver.request(0), await receiver.request(1, webhookRetryMs)];
    expect(second.body).toBe(first.body);
    expect(second.headers["longshore-delivery"]).toBe(first.headers["longshore-delivery"]);
  });

  test("a redirect that keeps the POST is followed, and one to a refused address is not", async () => {
    const next = await Receiver.start();
    try {
      receiver.reply = (index) =>
        index === 0
          ? { status: 307, location: `http://${host}:${next.port}/next` }
          : { status: 307, location: "http://169.254.169.254/latest/meta-data" };
      const api = new QueueApi(shell());
      const control = { callbacks: { queued: hook() } };
      await api.submit(uniqueDefinition(), { control });
      expect(await next.request(0)).toMatchObject({ method: "POST", url: "/next" });
      await api.submit(uniqueDefinition(), { control });
      await receiver.request(1);
      const metrics = async () => (await api.request(`/q/${api.queue}/metrics`)).text();
      await expect.poll(metrics).toContain('longshore_webhooks_total{outcome="refused"} 1');
      expect(await metrics()).toContain('longshore_webhooks_total{outcome="delivered"} 1');
    } finally {
      next.stop();
    }
  });

  test("a submission over a socket calls as well", async () => {
    const api = new QueueApi(shell());
    const client = await TestClient.connect(api);
    const definition = uniqueDefinition();
    client.submit(definition, { control: { callbacks: { queued: hook() } } });
    const { body } = await receiver.request(0);
    expect(JSON.parse(body)).toEqual({ jobId: idOf(definition), queue: api.queue, namespace: "_", config: {} });
  });

  test("what waits to be delivered survives a crash", async () => {
    receiver.reply = (index) => (index === 0 ? 503 : 200);
    const api = new QueueApi(shell());
    await api.submit(uniqueDefinition(), { control: { callbacks: { queued: hook() } } });
    const first = await receiver.request(0);
    await shell().restart("kill");
    // A Durable Object wakes by its alarm, or by whoever asks.
    await api.status();
    const second = await receiver.request(1, webhookRetryMs);
    expect(second.headers["longshore-delivery"]).toBe(first.headers["longshore-delivery"]);
  });
});

onEveryShell((shell) => {
  const refused = [
    "http://127.0.0.1:1234/",
    "http://localhost:1234/",
    "http://a.localhost/",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://10.0.0.1/",
    "http://192.168.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://user:password@example.org/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "not a url",
    "",
  ];

  test.each(refused)("a webhook to %s is refused with a sentence, and nothing is queued", async (url) => {
    const api = new QueueApi(shell());
    const client = await TestClient.connect(api);
    for (const event of ["queued", "finished"]) {
      const control = { callbacks: { [event]: { url } } };
      const response = await api.post(`/q/${api.queue}`, { definition: uniqueDefinition(), control });
      expect([response.status, await response.json()]).toEqual([400, { error: expect.stringContaining("webhook") }]);
      const from = client.count;
      client.submit(uniqueDefinition(), { control });
      expect((await client.message("Refused", from)).payload.error).toContain("webhook");
    }
    expect(await api.list()).toEqual({});
  });

  test("a webhook to this server itself is refused", async () => {
    const api = new QueueApi(shell());
    const control = { callbacks: { queued: { url: `${api.origin}/q/other` } } };
    const response = await api.post(`/q/${api.queue}`, { definition: uniqueDefinition(), control });
    expect(response.status).toBe(400);
  });

  test.each([
    ["a url that is too long", { url: `https://example.org/${"x".repeat(3_000)}` }],
    ["a payload that is too large", { url: "https://example.org/", payload: "x".repeat(20_000) }],
    ["a secret that is too long", { url: "https://example.org/", secret: "x".repeat(300) }],
    ["an empty secret", { url: "https://example.org/", secret: "" }],
    ["no url", { payload: 1 }],
  ])("%s is refused", async (_what, callback) => {
    const api = new QueueApi(shell());
    const control = { callbacks: { queued: callback } };
    const response = await api.post(`/q/${api.queue}`, { definition: uniqueDefinition(), control });
    expect([response.status, await response.json()]).toEqual([400, { error: expect.any(String) }]);
  });
});
