// Large blobs in parts, over an agent's own socket.

import { createHash, randomBytes } from "node:crypto";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { UploadAnswer, type UploadRequest } from "../../wire/agentMessages.ts";
import { paths } from "../../wire/http.ts";
import { hexOf, QueueApi } from "../clients/queueApi.ts";
import { TestAgent } from "../clients/testAgent.ts";
import { startCloudflareShell } from "../shells/cloudflareShell.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { onEveryShell, startedShell } from "./everyShell.ts";

function someBlob(length: number) {
  const bytes = Uint8Array.from(randomBytes(length));
  return { bytes, hash: createHash("sha256").update(bytes).digest("hex") };
}

interface Asked {
  readonly hash: string;
  readonly size: number;
}

function request(agent: TestAgent, { hash, size }: Asked, step: UploadRequest["step"]): string {
  const id = crypto.randomUUID();
  agent.socket.send({ type: "upload", request: id, hash, size, step });
  return id;
}

async function ask(agent: TestAgent, blob: Asked, step: UploadRequest["step"]): Promise<UploadAnswer["answer"]> {
  const id = request(agent, blob, step);
  return agent.socket.frames.find(`the answer to ${step.do}`, (frame) => {
    const parsed = v.safeParse(UploadAnswer, frame);
    return parsed.success && parsed.output.request === id ? parsed.output.answer : undefined;
  });
}

onEveryShell((shell) => {
  test("only an agent that was welcomed is answered", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.open(api);
    const blob = { hash: someBlob(10).hash, size: 10 };
    const early = request(agent, blob, { do: "begin" });
    agent.hello();
    await agent.welcome();
    await ask(agent, blob, { do: "begin" });
    expect(JSON.stringify(agent.socket.frames.all)).not.toContain(early);
  });

  test.each([
    ["a key that is no hash", { hash: "../../j/result.json" }],
    ["no size", { size: undefined }],
    ["too many addresses", { step: { do: "sign", upload: "x", first: 1, count: 1_000 } }],
  ])("a request with %s is ignored", async (_what, fields) => {
    const agent = await TestAgent.connect(new QueueApi(shell()));
    const { hash } = someBlob(10);
    const id = crypto.randomUUID();
    agent.socket.send({ type: "upload", request: id, hash, size: 10, step: { do: "begin" }, ...fields });
    await ask(agent, { hash, size: 10 }, { do: "begin" });
    expect(JSON.stringify(agent.socket.frames.all)).not.toContain(id);
  });
});

describe("the Node shell", () => {
  const shell = startedShell(startNodeShell);

  test("takes blobs whole where it keeps them in a folder, and says so", async () => {
    const agent = await TestAgent.connect(new QueueApi(shell()));
    expect(await ask(agent, { hash: someBlob(10).hash, size: 10 }, { do: "begin" })).toEqual({ is: "whole" });
  });
});

describe("the Cloudflare shell", () => {
  const shell = startedShell(startCloudflareShell);

  test("signs parts, and makes the blob of them", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const { bytes, hash } = someBlob(3_000_000);
    const blob = { hash, size: bytes.length };
    const begun = await ask(agent, blob, { do: "begin" });
    if (begun.is !== "begun") return expect.fail(`It was not begun: ${JSON.stringify(begun)}`);
    const signed = await ask(agent, blob, { do: "sign", upload: begun.upload, first: 1, count: 1 });
    const [url = ""] = signed.is === "signed" ? signed.urls : [];
    const part = await fetch(url, { method: "PUT", body: bytes });
    const etags = [part.headers.get("etag") ?? ""];
    expect(await ask(agent, blob, { do: "complete", upload: begun.upload, etags })).toEqual({ is: "stored" });
    expect(await hexOf(await api.request(paths.blob(hash)))).toBe(Buffer.from(bytes).toString("hex"));
    expect(await ask(agent, blob, { do: "begin" })).toEqual({ is: "stored" });
  });

  test("goes on with an upload on another connection of its agent", async () => {
    const api = new QueueApi(shell());
    const agent = await TestAgent.connect(api);
    const { bytes, hash } = someBlob(100_000);
    const blob = { hash, size: bytes.length };
    const begun = await ask(agent, blob, { do: "begin" });
    if (begun.is !== "begun") return expect.fail(`It was not begun: ${JSON.stringify(begun)}`);
    agent.socket.terminate();
    await shell().restart("kill");
    const back = await TestAgent.connect(api, { identity: agent.identity });
    const signed = await ask(back, blob, { do: "sign", upload: begun.upload, first: 1, count: 1 });
    const [url = ""] = signed.is === "signed" ? signed.urls : [];
    const part = await fetch(url, { method: "PUT", body: bytes });
    const etags = [part.headers.get("etag") ?? ""];
    expect(await ask(back, blob, { do: "complete", upload: begun.upload, etags })).toEqual({ is: "stored" });
  });
});
