import { expect, test } from "vitest";
import { checkDefinition } from "../../wire/definition.ts";
import type { Finished, JobResult } from "../../wire/result.ts";
import { resolveQueue } from "../url/target.ts";
import { createOutputSender, type Sending } from "./outputs.ts";

const check = checkDefinition({ image: "a" });
const state = resolveQueue("secret-queue", "https://api.example");
if (!check.ok || state.kind !== "target") throw new Error("unreachable");
const { target } = state;
const { id } = check.value;
const key = "e".repeat(64);

const finished = (outputs: JobResult["outputs"], reason: Finished["reason"] = "Success"): Finished => ({
  type: "Finished",
  reason,
  time: 1,
  result: {
    StatusCode: 0,
    logs: [
      ["out", 1],
      ["err", 2, true],
    ],
    isTimedOut: false,
    outputs,
    duration: 5,
  },
});

function sender(bodies: Readonly<Record<string, string>> = {}) {
  const sent: Record<string, unknown>[] = [];
  const asked: string[] = [];
  const fetcher: typeof fetch = async (input) => {
    asked.push(String(input));
    const body = bodies[String(input).split("/outputs/")[1] ?? ""];
    return new Response(body ?? "", { status: body === undefined ? 404 : 200 });
  };
  const { send } = createOutputSender({ send: async (outputs) => void sent.push({ ...outputs }) }, fetcher);
  const sending: Omit<Sending, "run" | "finished"> = { id, target, resolverefs: false, allowsetjob: false };
  return { sent, asked, send, sending };
}

test("refs go out in one message, stored files under the page's own address of the server", async () => {
  const { sent, send, sending } = sender();
  await send({
    ...sending,
    run: "1",
    finished: finished({
      "a.txt": { type: "base64", value: "eA==" },
      "b.bin": { type: "url", value: `http://10.0.0.1:9/f/${key}` },
      "c.bin": { type: "key", value: key },
      "d.bin": { type: "url", value: `/f/${key}` },
      "e.bin": { type: "url", value: "https://elsewhere.example/f/file" },
      "f.txt": { value: "plain" },
    }),
  });
  const stored = { type: "url", value: `https://api.example/f/${key}` };
  expect(sent).toEqual([
    {
      "a.txt": { type: "base64", value: "eA==" },
      "b.bin": stored,
      "c.bin": stored,
      "d.bin": stored,
      "e.bin": { type: "url", value: "https://elsewhere.example/f/file" },
      "f.txt": { type: "utf8", value: "plain" },
    },
  ]);
});

test("each run is sent once, and what the next no longer makes is taken away", async () => {
  const { sent, send, sending } = sender();
  const one = { type: "base64", value: "MQ==" } as const;
  await send({ ...sending, run: "1", finished: finished({ a: one, b: one }) });
  await send({ ...sending, run: "1", finished: finished({ a: one, b: one }) });
  await send({ ...sending, run: "2", finished: finished({}, "Error") });
  await send({ ...sending, run: "3", finished: finished({ b: one }) });
  expect(sent).toEqual([
    { a: one, b: one },
    { a: undefined, b: one },
  ]);
  expect("a" in (sent[1] ?? {})).toBe(true);
});

test("values are sent where they are asked for", async () => {
  const { sent, asked, send, sending } = sender({ "d%20e.json": '{"a":1}', "big.bin": "x".repeat(200_000) });
  await send({
    ...sending,
    resolverefs: true,
    run: "1",
    finished: finished({
      "a.json": { type: "json", value: [1] },
      "b.txt": { type: "base64", value: "w6k=" },
      "broken.json": { type: "utf8", value: "{" },
      "c.png": { type: "base64", value: "AP8=" },
      "d e.json": { type: "url", value: `/f/${key}` },
      "big.bin": { type: "key", value: key },
    }),
  });
  expect(sent[0]).toMatchObject({
    "a.json": [1],
    "b.txt": "é",
    "broken.json": "{",
    "c.png": "data:image/png;blob=true;base64,AP8=",
    "d e.json": { a: 1 },
  });
  expect(sent[0]?.["big.bin"]).toBe(`data:application/octet-stream;blob=true;base64,${btoa("x".repeat(200_000))}`);
  expect(asked[0]).toBe(`https://api.example/q/secret-queue/j/${id}/outputs/d%20e.json`);
});

test("the report links the job and never names the queue", async () => {
  const { sent, send, sending } = sender();
  await send({ ...sending, allowsetjob: true, run: "1", finished: finished({}) });
  expect(sent[0]).toEqual({
    "job/result.json": {
      stdout: [["out", 1]],
      stderr: [["err", 2, true]],
      statusCode: 0,
      error: undefined,
      duration: 5,
      isTimedOut: false,
      url: `https://api.example/j/${id}`,
    },
  });
  expect(JSON.stringify(sent)).not.toContain("secret-queue");
});
