// What only the Cloudflare shell does: it signs, it sleeps, and its alarms wake it.

import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { checksumHeader, paths } from "../../wire/http.ts";
import { hexOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { rawRequest } from "../clients/rawRequest.ts";
import { newIdentity, resultWith, TestAgent } from "../clients/testAgent.ts";
import { TestClient } from "../clients/testClient.ts";
import { until } from "../clients/until.ts";
import { hibernationMs, leaseEndMs } from "../limits.ts";
import { startCloudflareShell } from "../shells/cloudflareShell.ts";
import { startedShell } from "./everyShell.ts";

describe("the Cloudflare shell", () => {
  const shell = startedShell(() => startCloudflareShell());

  test("an upload with checksum and length goes to the bucket, with both signed", async () => {
    const api = new QueueApi(shell());
    const bytes = Uint8Array.from(randomBytes(100_000));
    const digest = createHash("sha256").update(bytes).digest();
    const checksum = digest.toString("base64");
    const path = paths.blob(digest.toString("hex"));
    const headers = { "content-length": String(bytes.length), [checksumHeader]: checksum };
    const { status, headers: answer } = await rawRequest(api.origin, path, { method: "PUT", headers });
    const location = new URL(String(answer.location));
    expect([status, location.origin]).toEqual([302, shell().bucket.endpoint]);
    const signed = location.searchParams.get("X-Amz-SignedHeaders")?.split(";");
    expect(signed).toEqual(expect.arrayContaining(["content-length", checksumHeader]));
    expect(Number(location.searchParams.get("X-Amz-Expires"))).toBeLessThanOrEqual(900);

    const send = (body: Uint8Array<ArrayBuffer>, sum: string) =>
      fetch(location, { method: "PUT", body, headers: { [checksumHeader]: sum } });
    const other = createHash("sha256").update("other").digest("base64");
    expect((await send(bytes.slice(1), checksum)).status).toBe(403);
    expect((await send(bytes, other)).status).toBe(403);
    expect((await send(bytes, checksum)).status).toBe(200);
    const back = await api.request(path);
    expect(new URL(back.url).origin).toBe(shell().bucket.endpoint);
    expect(await hexOf(back)).toBe(Buffer.from(bytes).toString("hex"));
  });

  test("a page of any origin may use it, and upload to its bucket", async () => {
    const headers = {
      origin: "https://metapage.example",
      "access-control-request-method": "PUT",
      "access-control-request-headers": `content-type,${checksumHeader}`,
    };
    const edge = await rawRequest(shell().origin, "/f/x", { method: "OPTIONS", headers });
    expect(edge.headers["access-control-allow-origin"]).toBe("*");
    const { endpoint, name } = shell().bucket;
    const bucket = await rawRequest(endpoint, `/${name}/f/x`, { method: "OPTIONS", headers });
    expect(bucket).toMatchObject({ status: 200, headers: { "access-control-allow-origin": "*" } });
  });

  test("no secret is ever in an answer or in what it logs", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const client = await TestClient.connect(api);
    const { jobId } = await api.submit(uniqueDefinition());
    await agent.run(jobId, { result: resultWith({ a: { type: "key", value: "b".repeat(64) } }) });
    await api.finished(jobId);
    const seen = [JSON.stringify(client.socket.frames.all), JSON.stringify(agent.socket.frames.all), shell().output()];
    for (const [method, path] of [
      ["GET", `/j/${jobId}`],
      ["GET", `/q/${api.queue}/status`],
      ["GET", `/q/${api.queue}/j/${jobId}/outputs/a`],
      ["GET", "/f/some-key"],
      ["PUT", `/f/${"c".repeat(64)}`],
      ["GET", "/no/such/path"],
    ] as const) {
      const { headers, body } = await rawRequest(api.origin, path, { method });
      seen.push(JSON.stringify(headers), body);
    }
    for (const secret of shell().secrets) expect(seen.filter((text) => text.includes(secret))).toEqual([]);
    for (const text of seen.slice(0, 3)) expect(text).not.toContain(api.queue);
  });

  test("an end that was decided is shown once it is stored, also when that is after a crash", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const { jobId } = await api.submit(uniqueDefinition());
    const start = await agent.started(jobId);
    const { bucket } = shell();
    bucket.isBroken = true;
    try {
      expect(await agent.finish(start)).toMatchObject({ outcome: "accepted" });
      expect(await api.listed(jobId)).toMatchObject({ state: "Running" });
      expect(await api.result(jobId)).toBeNull();
      await shell().restart("kill");
      expect(await api.listed(jobId)).toMatchObject({ state: "Running" });
    } finally {
      bucket.isBroken = false;
    }
    expect(await api.finished(jobId)).toMatchObject({ finishedReason: "Success" });
    expect(await (await api.request(`/j/${jobId}/result.json`)).json()).toMatchObject({
      data: { finishedReason: "Success" },
    });
  });

  test("a job that is run again at once keeps its definition, and has one result", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const client = await TestClient.connect(api);
    const definition = uniqueDefinition();
    const { jobId } = await api.submit(definition);
    for (let run = 1; run <= 5; run++) {
      const from = agent.socket.frames.all.length;
      if (run > 1) {
        client.end(jobId, "Deleted");
        client.submit(definition);
      }
      const start = await agent.started(jobId, { from: run > 1 ? from : 0 });
      await agent.finish(start, { statusCode: run, result: { ...resultWith({}), StatusCode: run } });
    }
    for (const base of [`/q/${api.queue}/j/${jobId}`, `/j/${jobId}`]) {
      await until(
        `the last run at ${base}`,
        async () => (await api.request(`${base}/result.json`)).json(),
        (body) => JSON.stringify(body).includes('"StatusCode":5'),
      );
      expect(await (await api.request(`${base}/definition.json`)).json()).toEqual({ data: definition });
    }
  });

  test.concurrent.each([
    ["whose socket closed", true],
    ["that fell silent", false],
  ])("the job of an agent %s is given to another, by an alarm", { timeout: 90_000 }, async (_how, closes) => {
    const api = new QueueApi(shell());
    const lost = await TestAgent.connect(api);
    const { jobId } = await api.submit(uniqueDefinition());
    const { attempt } = await lost.started(jobId);
    const client = await TestClient.connect(api);
    if (closes) lost.socket.terminate();
    const from = client.count;
    // Nobody says anything to the queue from here on.
    await client.job(jobId, "Queued", { from, limitMs: leaseEndMs });
    const other = await TestAgent.connect(api);
    const again = await other.started(jobId);
    expect(again.attempt).not.toBe(attempt);
    expect(await other.finish(again)).toMatchObject({ outcome: "accepted" });
    await until(
      "the end",
      () => api.result(jobId),
      (job) => job?.finishedReason === "Success",
    );
  });
});

describe.runIf(process.platform === "linux")("a Cloudflare shell that nobody talks to", () => {
  const shell = startedShell(() => startCloudflareShell());

  test("idle sockets stay open while the queue sleeps, and work when it wakes", { timeout: 120_000 }, async () => {
    const api = new QueueApi(shell());
    const identity = newIdentity();
    const agent = await TestAgent.connect(api, { identity });
    const client = await TestClient.connect(api);
    const definition = uniqueDefinition();
    client.submit(definition);
    const start = await agent.nextStart(new Set());
    expect(shell().awake()).toBe(1);
    await until(
      "the queue to sleep",
      () => shell().awake(),
      (awake) => awake === 0,
      hibernationMs,
    );
    expect(await agent.finish(start)).toMatchObject({ outcome: "accepted" });
    expect(await client.job(start.job, "Finished")).toMatchObject({ finishedReason: "Success" });
    const { jobId } = await api.submit(uniqueDefinition());
    await agent.run(jobId);
    expect(await client.job(jobId, "Finished")).toMatchObject({ finishedReason: "Success" });
  });
});
