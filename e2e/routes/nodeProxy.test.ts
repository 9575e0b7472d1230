// A server behind a reverse proxy, which says whom a request comes from and what it was asked for.

import { expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { rawRequest } from "../clients/rawRequest.ts";
import { refusedHandshake, TestSocket } from "../clients/socket.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { startedShell } from "./everyShell.ts";

const flags = ["--public-origin", "https://longshore.example", "--trust-proxy", "1"];
const shell = startedShell(() => startNodeShell({ flags }));

const host = "longshore.example";
const origin = "https://longshore.example";
const submission = (definition: unknown) =>
  JSON.stringify({ type: "StateChange", payload: { state: "Queued", value: { enqueued: { definition } } } });

test.each([
  ["passes the name on", { host }],
  ["asks for its own address and says the name beside it", { "x-forwarded-host": host }],
])("its page may use the server through a proxy that %s", async (_what, name) => {
  const api = new QueueApi(shell());
  const headers = { ...name, origin, "x-forwarded-for": "203.0.113.7" };
  const body = JSON.stringify({ definition: uniqueDefinition() });
  const answer = await rawRequest(api.origin, paths.queue(api.queue), { method: "POST", headers, body });
  expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([200, origin]);
  await (await TestSocket.open(api.origin, paths.client(api.queue), headers)).close();
});

test("a foreign name is refused, whichever header has it", async () => {
  const { origin: address } = shell();
  for (const headers of [{ host: "evil.example" }, { host, "x-forwarded-host": "evil.example" }]) {
    const all = { ...headers, "x-forwarded-for": "203.0.113.7" };
    expect(await rawRequest(address, "/healthz", { headers: all })).toMatchObject({
      status: 403,
      body: expect.stringContaining("evil.example"),
    });
    expect(await refusedHandshake(address, paths.client("q"), all)).toMatchObject({ status: 403 });
  }
});

test("one client's haste holds up nobody else behind the same proxy, whatever it says of itself", async () => {
  const api = new QueueApi(shell());
  const through = (from: string) => ({ host, "x-forwarded-for": from });
  const socket = await TestSocket.open(api.origin, paths.client(api.queue), through("198.51.100.1, 203.0.113.7"));
  const definition = uniqueDefinition();
  // Many more than the burst: a slow machine earns new ones while it works.
  for (let i = 0; i < 6_000; i++) socket.sendText(submission(definition));
  await socket.frames.find("refusal", (frame) => (JSON.stringify(frame).includes('"rate"') ? true : undefined));
  const other = await TestSocket.open(api.origin, paths.client(api.queue), through("198.51.100.1"));
  const taken = uniqueDefinition();
  other.sendText(submission(taken));
  await expect.poll(async () => Object.keys(await api.list())).toContain(idOf(taken));
  expect(JSON.stringify(other.frames.all)).not.toContain("Refused");
});
