import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { hexOf, type idOf, json, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { resultWith, TestAgent } from "../clients/testAgent.ts";
import { onEveryShell } from "./everyShell.ts";

const names = ["plain.txt", "folder/in a folder.txt", "100% ümläut?#&+.txt", "日本/出力.txt"];

/** Uploads as an agent does; returns the key. */
async function upload(api: QueueApi, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = createHash("sha256").update(bytes).digest();
  const key = digest.toString("hex");
  const headers = { "x-amz-checksum-sha256": digest.toString("base64") };
  const response = await api.request(paths.blob(key), { method: "PUT", body: bytes, headers });
  expect(response.status).toBe(200);
  return key;
}

async function finished(api: QueueApi, result: ReturnType<typeof resultWith>): Promise<ReturnType<typeof idOf>> {
  const { jobId } = await api.submit(uniqueDefinition());
  const agent = await TestAgent.connect(api);
  await agent.run(jobId, { result });
  await api.finished(jobId);
  return jobId;
}

onEveryShell((shell) => {
  test("inputs are read back as what they stand for, whatever their names", async () => {
    const api = new QueueApi(shell());
    const key = await upload(api, Uint8Array.of(1, 2, 3));
    const inputs = {
      ...Object.fromEntries(names.map((name) => [name, { type: "utf8", value: `this is ${name}` }])),
      "data.json": { type: "json", value: [1, { a: null }] },
      "bytes.bin": { type: "base64", value: "AAEC/w==" },
      "no-type.txt": { value: "text" },
      "blob.bin": { type: "key", value: key },
    };
    const { jobId } = await api.submit(uniqueDefinition({ inputs }));
    const read = (name: string) => api.request(paths.input(api.queue, jobId, name));
    for (const name of names) expect(await (await read(name)).text()).toBe(`this is ${name}`);
    expect(await (await read("data.json")).json()).toEqual([1, { a: null }]);
    expect(await hexOf(await read("bytes.bin"))).toBe("000102ff");
    expect(await (await read("no-type.txt")).text()).toBe("text");
    expect(await hexOf(await read("blob.bin"))).toBe("010203");
    const missing = await read("missing.txt");
    expect([missing.status, await missing.json()]).toEqual([404, { error: expect.stringContaining("missing.txt") }]);
  });

  test("inputs can still be read when the job has finished", async () => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition({ inputs: { "a.txt": { type: "utf8", value: "A" } } }));
    const agent = await TestAgent.connect(api);
    await agent.run(jobId);
    await api.finished(jobId);
    for (const path of [paths.input(api.queue, jobId, "a.txt"), `/j/${jobId}/inputs/a.txt`]) {
      expect(await (await api.request(path)).text()).toBe("A");
    }
  });

  test("outputs are read as their bytes, inline or stored, whatever their names", async () => {
    const api = new QueueApi(shell());
    const large = crypto.getRandomValues(new Uint8Array(50_000));
    const key = await upload(api, large);
    const id = await finished(
      api,
      resultWith({
        ...Object.fromEntries(names.map((name) => [name, { type: "utf8" as const, value: `this is ${name}` }])),
        "large.bin": { type: "key", value: key },
        "own.bin": { type: "url", value: `${api.origin}/f/${key}` },
      }),
    );
    const read = (name: string) => api.request(paths.output(api.queue, id, name));
    for (const name of names) expect(await (await read(name)).text()).toBe(`this is ${name}`);
    for (const name of ["large.bin", "own.bin"]) {
      expect(await hexOf(await read(name))).toBe(Buffer.from(large).toString("hex"));
    }
    for (const name of ["missing", "__proto__", "constructor", "large.bin/"]) {
      expect([name, (await read(name)).status]).toEqual([name, 404]);
    }
  });

  test("no browser renders an output as a page of this server", async () => {
    const api = new QueueApi(shell());
    const page = "<script>alert(1)</script>";
    const key = await upload(api, new TextEncoder().encode(page));
    const id = await finished(
      api,
      resultWith({ "inline.html": { type: "utf8", value: page }, "stored.html": { type: "key", value: key } }),
    );
    for (const name of ["inline.html", "stored.html"]) {
      const response = await api.request(paths.output(api.queue, id, name));
      expect(response.headers.get("content-disposition")).toMatch(new RegExp(`^attachment; filename="?${name}`));
      const isOurs = new URL(response.url).origin === api.origin;
      if (isOurs) expect(response.headers.get("content-security-policy")).toBe("sandbox");
      if (isOurs) expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      else expect(response.headers.get("content-type")).toBe("application/octet-stream");
      expect(await response.text()).toBe(page);
    }
  });

  test("a result too large for a frame is uploaded, and read as if it were not", async () => {
    const api = new QueueApi(shell());
    const outputs = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, i) => [`part/${i}.txt`, { type: "utf8" as const, value: `content ${i}` }]),
    );
    const result = resultWith(outputs);
    const bytes = new TextEncoder().encode(JSON.stringify(result));
    expect(bytes.length).toBeGreaterThan(64 * 1024);
    const { jobId } = await api.submit(uniqueDefinition());
    const agent = await TestAgent.connect(api);
    const hash = await upload(api, bytes);
    const { job, attempt } = await agent.started(jobId);
    const frame = { job, attempt, reason: "Success", statusCode: 0, resultRef: { hash, size: bytes.length } };
    agent.socket.send({ type: "sync", revision: 1e6, holds: [], finished: [frame], declined: [] });
    expect(await api.finished(jobId)).toMatchObject({ finished: { reason: "Success", result } });
    for (const path of [`/j/${jobId}`, paths.job(api.queue, jobId)]) {
      expect(await json(await api.request(path))).toMatchObject({ data: { results: { finished: { result } } } });
    }
    const output = await api.request(paths.output(api.queue, jobId, "part/1999.txt"));
    expect(await output.text()).toBe("content 1999");
    expect((await api.submit(await definitionOf(api, jobId))).result).toMatchObject({ finishedReason: "Success" });
  });
});

async function definitionOf(api: QueueApi, id: ReturnType<typeof idOf>): Promise<unknown> {
  const answer = await json(await api.request(paths.definition(api.queue, id)));
  return typeof answer === "object" && answer !== null && "data" in answer ? answer.data : undefined;
}
