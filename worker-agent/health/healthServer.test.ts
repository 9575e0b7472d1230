import { request } from "node:http";
import { afterEach, expect, test } from "vitest";
import { own } from "../../wire/ids.ts";
import type { AgentStatus } from "../status.ts";
import { type HealthServer, serveHealth } from "./healthServer.ts";

const status: AgentStatus = {
  agent: own.agentId("a".repeat(64)),
  name: 'a "b"',
  version: "1.2.3",
  startedAt: 1000,
  state: "serving",
  engine: true,
  capacity: { slots: 2, cpus: 1, memoryBytes: 1, gpus: [], tags: [], maxDurationMs: 1 },
  slotsUsed: 0,
  held: [],
  queues: [{ queue: own.queueHash("1".repeat(64)), connected: true }],
  unsent: 0,
  counts: [],
};

const servers: HealthServer[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serving(now: AgentStatus, host = "127.0.0.1"): Promise<HealthServer> {
  const server = await serveHealth({ port: 0, host, status: () => now, now: () => 61_000 });
  servers.push(server);
  return server;
}

function ask(port: number, path: string, headers = {}, method = "GET"): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, headers, method }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += String(chunk);
      });
      response.on("end", () => resolve({ code: response.statusCode ?? 0, text }));
    })
      .on("error", reject)
      .end();
  });
}

test("each illness is a sentence; a pause is none", async () => {
  const well = await serving({ ...status, state: "waiting", note: "It is paused." });
  expect(await ask(well.port, "/healthz")).toEqual({ code: 200, text: "OK\n" });
  expect((await ask(well.port, "/")).text).toMatch(/^state +waiting: It is paused\.$/m);
  const ill = await serving({ ...status, engine: false, queues: [{ queue: undefined, connected: false }] });
  expect(await ask(ill.port, "/healthz")).toEqual({
    code: 503,
    text: "The Docker engine does not answer.\n1 of 1 queues are not connected.\n",
  });
});

test("metrics escape what people named", async () => {
  const { port } = await serving(status);
  expect((await ask(port, "/metrics")).text).toContain('name="a \\"b\\"",version="1.2.3"} 1\n');
});

test("on loopback a page whose name points here gets nothing", async () => {
  const { port } = await serving(status);
  expect((await ask(port, "/", { host: "somewhere.example" })).code).toBe(403);
  expect((await ask(port, "/", { host: `localhost:${port}` })).code).toBe(200);
});

test("it only tells", async () => {
  const { port } = await serving(status);
  expect((await ask(port, "/", {}, "POST")).code).toBe(405);
  expect((await ask(port, "/nothing")).code).toBe(404);
});

test("a port that is taken is a sentence", async () => {
  const { port } = await serving(status);
  await expect(serveHealth({ port, host: "127.0.0.1", status: () => status, now: Date.now })).rejects.toThrow(
    `The health page can't listen on 127.0.0.1:${port}: it is taken.`,
  );
});
