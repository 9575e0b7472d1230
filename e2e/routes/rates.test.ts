import { expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { TestSocket } from "../clients/socket.ts";
import { TestClient } from "../clients/testClient.ts";
import { startCloudflareShell } from "../shells/cloudflareShell.ts";
import { onEveryShell, startedShell } from "./everyShell.ts";

const submission = (definition: unknown) =>
  JSON.stringify({ type: "StateChange", payload: { state: "Queued", value: { enqueued: { definition } } } });

/** Posts one submission many times, several at once, until an answer is not 200 or the number is reached. */
async function hurry(api: QueueApi, count: number, headers: Record<string, string>): Promise<Response | undefined> {
  const body = JSON.stringify({ definition: uniqueDefinition() });
  await api.request(paths.queue(api.queue), { method: "POST", body });
  let refused: Response | undefined;
  let sent = 0;
  const one = async (): Promise<void> => {
    while (!refused && sent++ < count) {
      const response = await api.request(paths.queue(api.queue), { method: "POST", body, headers });
      if (response.status === 200) await response.body?.cancel();
      else refused = response;
    }
  };
  await Promise.all(Array.from({ length: 32 }, one));
  return refused;
}

onEveryShell((shell) => {
  test("on loopback nobody is too fast", async () => {
    const api = new QueueApi(shell());
    const socket = await TestSocket.open(api.origin, paths.client(api.queue));
    const definition = uniqueDefinition();
    for (let i = 0; i < 1_500; i++) socket.sendText(submission(definition));
    const last = uniqueDefinition();
    socket.sendText(submission(last));
    const client = await TestClient.connect(api);
    await client.job(idOf(last), "Queued");
    expect(JSON.stringify(socket.frames.all)).not.toContain("Refused");
  });

  test.each([
    ["no definition", { control: {} }],
    ["a definition of another kind", { definition: 7 }],
    ["a namespace that is none", { definition: { image: "x" }, control: { namespace: "" } }],
  ])("a submission with %s gets its refusal on the socket", async (_what, enqueued) => {
    const api = new QueueApi(shell());
    const [sender, other] = [await TestClient.connect(api), await TestClient.connect(api)];
    const id = "e".repeat(64);
    sender.socket.send({ type: "StateChange", payload: { state: "Queued", value: { enqueued: { id, ...enqueued } } } });
    const { payload } = await sender.message("Refused");
    expect(payload).toMatchObject({ jobId: id, error: expect.stringMatching(/./) });
    expect(await sender.job(id, "Finished")).toMatchObject({ finishedReason: "Error" });
    await other.settled();
    expect(other.messages().map(({ type }) => type)).toEqual(["Workers", "JobStates"]);
  });

  test("a submission too large for a frame gets its refusal on the socket", async () => {
    const api = new QueueApi(shell());
    const client = await TestClient.connect(api);
    client.submit({ image: "x", env: { A: "x".repeat(1_200_000) } });
    expect((await client.message("Refused")).payload).toMatchObject({ code: "size" });
  });
});

// The Worker knows a sender's address by the header that Cloudflare sets.
const from = (address: string) => ({ "cf-connecting-ip": address });
// Slower than any machine that runs this, so that it is the clients that are too fast.
const cloudflare = startedShell(() => startCloudflareShell({ settings: { SUBMISSIONS_PER_SECOND: "1" } }));
const [burst, limitMs] = [5, 20_000];

test("an address that submits too fast is told when to come again, and another is not held up", async () => {
  const api = new QueueApi(cloudflare());
  const refused = await hurry(api, 20 * burst, from("203.0.113.7"));
  expect(refused?.status).toBe(429);
  expect(refused?.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  expect(await refused?.json()).toEqual({ error: expect.stringContaining("faster") });
  const other = { method: "POST", body: JSON.stringify({ definition: uniqueDefinition() }) };
  const answer = await api.request(paths.queue(api.queue), { ...other, headers: from("203.0.113.8") });
  expect(answer.status).toBe(200);
});

test("a socket that submits too fast gets a refusal for each submission, and goes on afterwards", async () => {
  const api = new QueueApi(cloudflare());
  const socket = await TestSocket.open(api.origin, paths.client(api.queue), from("2001:db8::1"));
  const definition = uniqueDefinition();
  for (let i = 0; i < 20 * burst; i++) socket.sendText(submission(definition));
  const refusal = await socket.frames.find("refusal", (frame) => {
    const text = JSON.stringify(frame);
    return text.includes('"Refused"') ? text : undefined;
  });
  expect(JSON.parse(refusal)).toMatchObject({ payload: { code: "rate", retryAfterMs: expect.any(Number) } });
  const later = uniqueDefinition();
  await expect
    .poll(
      async () => {
        socket.sendText(submission(later));
        return Object.keys(await api.list());
      },
      { timeout: limitMs },
    )
    .toContain(idOf(later));
});
