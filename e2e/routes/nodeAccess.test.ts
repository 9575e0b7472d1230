// Who may talk to a server on a person's own machine.

import { describe, expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { type RawOptions, rawRequest } from "../clients/rawRequest.ts";
import { refusedHandshake, TestSocket } from "../clients/socket.ts";
import { newIdentity, TestAgent } from "../clients/testAgent.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { startedShell } from "./everyShell.ts";

const stranger = "https://stranger.example";
const friend = "https://friend.example";

describe("a server on this machine", () => {
  const shell = startedShell(() => startNodeShell({ allowOrigins: [friend] }));

  /** Every kind of request that changes something. */
  const changes = (queue: string): readonly (readonly [string, RawOptions])[] => [
    [`/q/${queue}`, { method: "POST", body: JSON.stringify({ definition: uniqueDefinition() }) }],
    [`/q/${queue}/j/${"a".repeat(64)}/cancel`, { method: "POST" }],
    ["/f/some-key", { method: "PUT", body: "bytes" }],
    ["/permit", { method: "POST", body: JSON.stringify({ permit: "x" }) }],
  ];

  test.each([
    ["another page", stranger],
    ["a page of no origin", "null"],
    ["a page of another port", "http://localhost:1"],
    ["a page of a name that looks like ours", "http://localhost.stranger.example"],
    ["our own address over another scheme", "https"],
  ])("%s can't change anything here, nor open a socket", async (_what, from) => {
    const api = new QueueApi(shell());
    const origin = from === "https" ? api.origin.replace("http:", "https:") : from;
    for (const [path, options] of changes(api.queue)) {
      const { status, body, headers } = await rawRequest(api.origin, path, { ...options, headers: { origin } });
      expect([path, status, JSON.parse(body)]).toEqual([path, 403, { error: expect.stringContaining("may not use") }]);
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
    for (const path of [paths.client(api.queue), paths.agent(api.queue)]) {
      expect(await refusedHandshake(api.origin, path, { origin })).toMatchObject({ status: 403 });
    }
    expect(await api.list()).toEqual({});
  });

  test("a name that somebody else made point here is refused, on everything", async () => {
    const api = new QueueApi(shell());
    const { port } = new URL(api.origin);
    for (const host of [`stranger.example:${port}`, "stranger.example", "localhost", `localhost:${Number(port) + 1}`]) {
      for (const path of ["/", "/healthz", `/q/${api.queue}`, "/metaframe.json"]) {
        expect(await rawRequest(api.origin, path, { headers: { host } })).toMatchObject({ status: 403 });
      }
      expect(await refusedHandshake(api.origin, paths.client(api.queue), { host })).toMatchObject({ status: 403 });
    }
  });

  test("its own page, by any name of this machine, may do everything", async () => {
    const api = new QueueApi(shell());
    const { port } = new URL(api.origin);
    for (const name of [`localhost:${port}`, `127.0.0.1:${port}`]) {
      const headers = { host: name, origin: `http://${name}` };
      for (const [path, options] of changes(api.queue).slice(0, 2)) {
        expect(await rawRequest(api.origin, path, { ...options, headers })).toMatchObject({ status: 200 });
      }
      await (await TestSocket.open(api.origin, paths.client(api.queue), headers)).close();
    }
  });

  test("another page reads static files, and nothing else", async () => {
    const api = new QueueApi(shell());
    const { jobId } = await api.submit(uniqueDefinition());
    const headers = { origin: stranger };
    for (const path of ["/metaframe.json", "/j/x/metaframe.json", "/favicon.svg"]) {
      const answer = await rawRequest(api.origin, path, { headers });
      expect([path, answer.headers["access-control-allow-origin"]]).toEqual([path, "*"]);
    }
    for (const path of ["/", `/q/${api.queue}`, `/j/${jobId}`, `/q/${api.queue}/status`, "/f/x"]) {
      const answer = await rawRequest(api.origin, path, { headers });
      expect([path, answer.headers["access-control-allow-origin"]]).toEqual([path, undefined]);
      if (path !== "/") expect(answer.headers["cross-origin-resource-policy"]).toBe("same-origin");
    }
  });

  test("another page's preflight is not granted", async () => {
    const api = new QueueApi(shell());
    const headers = { origin: stranger, "access-control-request-method": "POST" };
    const answer = await rawRequest(api.origin, `/q/${api.queue}`, { method: "OPTIONS", headers });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("a page that its owner admits may do everything", async () => {
    const api = new QueueApi(shell());
    const preflight = await rawRequest(api.origin, "/f/x", {
      method: "OPTIONS",
      headers: { origin: friend, "access-control-request-method": "PUT", "access-control-request-headers": "x-a" },
    });
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": friend,
      "access-control-allow-headers": "x-a",
      "access-control-allow-private-network": "true",
    });
    const body = JSON.stringify({ definition: uniqueDefinition() });
    const answer = await rawRequest(api.origin, `/q/${api.queue}`, {
      method: "POST",
      headers: { origin: friend },
      body,
    });
    expect(answer).toMatchObject({ status: 200, headers: { "access-control-allow-origin": friend } });
    await (await TestSocket.open(api.origin, paths.client(api.queue), { origin: friend })).close();
  });

  test("a permit that was never given is refused", async () => {
    const { status, body } = await rawRequest(shell().origin, "/permit", {
      method: "POST",
      body: JSON.stringify({ permit: "0".repeat(32) }),
    });
    expect([status, JSON.parse(body)]).toEqual([403, { error: expect.any(String) }]);
  });

  test("the last bytes of a blob can be asked for", async () => {
    const { origin } = shell();
    await rawRequest(origin, "/f/some-name", { method: "PUT", body: "0123456789" });
    const answer = await rawRequest(origin, "/f/some-name", { headers: { range: "bytes=-3" } });
    expect(answer).toMatchObject({ status: 206, body: "789", headers: { "content-range": "bytes 7-9/10" } });
  });
});

describe("a server that was not told to admit other agents", () => {
  const shell = startedShell(() => startNodeShell({ anyAgent: false }));

  test("refuses them with the reason", async () => {
    const agent = await TestAgent.open(new QueueApi(shell()), { identity: newIdentity() });
    agent.hello();
    expect(await agent.refusal()).toMatchObject({
      code: "not-admitted",
      error: expect.stringContaining("--any-agent"),
    });
  });
});
