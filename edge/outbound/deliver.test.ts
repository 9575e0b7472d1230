import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { own } from "../../wire/ids.ts";
import { callRedirectsMax } from "../limits.ts";
import type { Call } from "../queue/callbacks.ts";
import { AddressRefused, deliver, type Post, webhookEvent } from "./deliver.ts";
import type { UrlRules } from "./urlRules.ts";

const rules: UrlRules = { literals: "checked", allowRanges: [], ownHosts: ["own.example"] };
const call: Call = {
  id: 1,
  delivery: "epoch.1",
  job: own.jobId("a".repeat(64)),
  event: "finished",
  url: "https://hooks.example/path?token=secret",
  secret: "key",
  origin: "https://edge.example",
  body: '{"jobId":"ä"}',
};

/** Answers in turn, and keeps what was posted. */
function answering(...answers: readonly (number | readonly [number, string] | Error)[]) {
  const seen: { url: string; headers: Readonly<Record<string, string>>; body: string }[] = [];
  const post: Post = async (url, { headers, body }) => {
    const answer = answers[seen.length];
    seen.push({ url: url.href, headers, body });
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("One request too many.");
    return typeof answer === "number" ? { status: answer, location: null } : { status: answer[0], location: answer[1] };
  };
  return { post, seen };
}

const send = (post: Post, changes: Partial<Call> = {}) =>
  deliver({ ...call, ...changes }, { post, rules, now: () => 1_700_000_000_999 });

test("a webhook says what it is, and is signed over its time and body", async () => {
  const { post, seen } = answering(204);
  expect(await send(post)).toMatchObject({ outcome: "delivered" });
  const signature = createHmac("sha256", "key").update(`1700000000.${call.body}`).digest("hex");
  expect(seen).toEqual([
    {
      url: call.url,
      body: call.body,
      headers: expect.objectContaining({
        "content-type": "application/json",
        "longshore-event": "finished",
        "longshore-delivery": "epoch.1",
        "longshore-timestamp": "1700000000",
        "longshore-signature": `v1=${signature}`,
      }),
    },
  ]);
});

test("without a secret there is no signature", async () => {
  const { post, seen } = answering(200);
  await send(post, { secret: null });
  expect(seen[0]?.headers).not.toHaveProperty("longshore-signature");
});

test.each([
  [200, "delivered"],
  [302, "failed"],
  [404, "failed"],
  [410, "refused"],
  [500, "failed"],
])("an answer of %i means %s", async (status, outcome) => {
  expect(await send(answering(status).post)).toMatchObject({ outcome, detail: `answered ${status}` });
});

test("a redirect that keeps the POST is followed, and each hop is checked like the first", async () => {
  const good = answering([308, "/moved"], [307, "https://other.example/"], 200);
  expect(await send(good.post)).toMatchObject({ outcome: "delivered", host: "other.example" });
  expect(good.seen.map(({ url }) => url)).toEqual([call.url, "https://hooks.example/moved", "https://other.example/"]);
  for (const location of [
    "https://10.0.0.1/",
    "https://localhost/",
    "https://edge.example/q/x",
    "https://own.example/q/x",
    "http://hooks.example/",
  ]) {
    const bad = answering([307, location]);
    expect([location, (await send(bad.post)).outcome, bad.seen.length]).toEqual([location, "refused", 1]);
  }
  const endless = answering(...Array.from({ length: 10 }, () => [307, "/again"] as const));
  expect(await send(endless.post)).toMatchObject({ outcome: "failed" });
  expect(endless.seen.length).toBe(callRedirectsMax + 1);
});

test("a name that leads nowhere allowed is refused, a broken connection is tried again", async () => {
  expect(await send(answering(new AddressRefused("no")).post)).toMatchObject({ outcome: "refused" });
  const broken = Object.assign(new Error("connect ECONNREFUSED 10.0.0.1:80"), { code: "ECONNREFUSED" });
  expect(await send(answering(broken).post)).toMatchObject({ outcome: "failed", detail: "ECONNREFUSED" });
});

test("the log names the host, and neither the path nor the query nor the secret", async () => {
  const delivery = await send(answering(500).post);
  const line = JSON.stringify(webhookEvent(own.queueHash("b".repeat(64)), call, delivery, "again"));
  expect(line).toContain("hooks.example");
  for (const secret of ["path", "token", '"key"', call.body]) expect(line).not.toContain(secret);
});
