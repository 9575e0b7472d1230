// Requests and their answers, one row each: statuses, headers and shapes that scripts and pages rely on. In a row, {q} is a
// queue, {queued}, {done}, {cancelled} and {never} are jobs.

import { expect } from "vitest";

export interface Details {
  /** The request's body; anything but text is sent as JSON. */
  readonly send?: unknown;
  /** The request's headers. */
  readonly ask?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string | RegExp | null>>;
  /** Exactly this JSON, with Vitest's matchers in it. */
  readonly json?: unknown;
  readonly text?: string | RegExp;
}

export type Fact = readonly [request: string, status: number, details?: Details];

const text = expect.any(String);
const number = expect.any(Number);
const error = { error: text };
const definition = expect.objectContaining({ image: text });
const jsonType = { "content-type": "application/json; charset=UTF-8" };
const textType = { "content-type": "text/plain; charset=UTF-8" };
const htmlType = { "content-type": "text/html; charset=UTF-8" };
const plainType = { "content-type": "text/plain" };
const saved = (name: string) => ({ "content-disposition": new RegExp(`^attachment; filename="${name}"`) });

const timed = { queuedTime: number, time: number };
const queued = { ...timed, state: "Queued", worker: "", namespaces: ["_"], waiting: text };
const worker = expect.stringMatching(/^[0-9a-f]{64}$/);
const ended = { state: "Finished", finishedReason: "Success", statusCode: 0, namespaces: ["_"] };
const done = { ...timed, ...ended, worker };

/** What the job {done} left behind. */
export const result = {
  StatusCode: 0,
  logs: [["done", 1]] satisfies [string, number][],
  duration: 12,
  isTimedOut: false,
  outputs: {
    "a b.txt": { type: "utf8" as const, value: "text" },
    "sub/pixel.png": { type: "base64" as const, value: "AAEC" },
    "broken.bin": { type: "base64" as const, value: "*" },
    "data.json": { type: "json" as const, value: { n: [1] } },
    "elsewhere.txt": { type: "url" as const, value: "https://h.example/a/b.txt" },
  },
};
const doneWithResult = { ...done, finished: { type: "Finished", reason: "Success", time: number, worker, result } };
const listed = { data: { "{queued}": queued, "{done}": done } };
const taken = { success: true, jobId: text, state: "Queued" };

const submitting: readonly Fact[] = [
  ["POST /q/{q}-2", 200, { send: { definition: { image: "a" } }, headers: jsonType, json: taken }],
  ["POST /q/{q}-2/j", 200, { send: { definition: { image: "b" }, control: {} }, json: taken }],
  ["POST /q/{q}", 400, { send: "{", headers: jsonType, json: error }],
  ["POST /q/{q}", 400, { send: "", json: error }],
  ["POST /q/{q}", 400, { send: "null", json: { error: "No job provided" } }],
  ["POST /q/{q}", 400, { send: { image: "a definition without its wrapper" }, json: error }],
  ["POST /q/{q}", 400, { send: { id: "a".repeat(64) }, json: error }],
  ["POST /q/{q}", 400, { send: { id: "customid", definition: { image: "a" } }, json: error }],
  ["POST /q/{q}", 400, { send: { id: "../x", definition: { image: "a" } }, json: error }],
  ["POST /q/{q}", 413, { send: { definition: { image: "a", command: "x".repeat(1_100_000) } }, json: error }],
  ["POST /q/undefined", 400, { send: { definition: { image: "a" } }, json: error }],
  [`POST /q/${"x".repeat(129)}`, 400, { send: { definition: { image: "a" } }, json: error }],
];

const reading: readonly Fact[] = [
  ["GET /q/{q}", 200, { headers: jsonType, json: listed }],
  ["GET /q/{q}/j", 200, { json: listed }],
  ["HEAD /q/{q}", 200, { headers: jsonType, text: "" }],
  ["GET /q/{q}-unused", 200, { json: { data: {} } }],
  ["GET /q/{q}/j/{queued}", 200, { json: { data: { definition } } }],
  ["GET /q/{q}/j/{done}", 200, { json: { data: { definition, results: doneWithResult } } }],
  ["GET /q/{q}/j/{never}", 404, { headers: jsonType, json: { error: "Job not found" } }],
  ["GET /q/{q}/j/not-an-id", 400, { json: error }],
  ["GET /j/{done}.json", 200, { headers: jsonType, json: { data: { definition, results: doneWithResult } } }],
  ["GET /j/{never}.json", 404, { json: { error: "Job not found" } }],
  ["GET /j/{done}", 200, { ask: { accept: "text/html" }, headers: htmlType }],
  ["GET /j/{never}", 200, { ask: { accept: "text/html" }, headers: htmlType }],
  ["GET /j/{queued}/definition.json", 200, { headers: jsonType, json: { data: definition } }],
  ...["/q/{q}/j/", "/j/"].flatMap((base): Fact[] => [
    [`GET ${base}{never}/definition.json`, 200, { json: { data: null } }],
    ...["result.json", "results.json"].flatMap((name): Fact[] => [
      [`GET ${base}{done}/${name}`, 200, { headers: jsonType, json: { data: doneWithResult } }],
      [`GET ${base}{queued}/${name}`, 200, { json: { data: null } }],
      [`GET ${base}{never}/${name}`, 200, { json: { data: null } }],
    ]),
  ]),
  ["HEAD /j/{done}/result.json", 200, { headers: jsonType, text: "" }],
  ["GET /q/{q}/j/{queued}/namespaces.json", 200, { json: { data: ["_"] } }],
  ["GET /q/{q}/j/{never}/namespaces.json", 200, { json: { data: [] } }],
  ["GET /q/{q}/j/{never}/history.json", 200, { headers: jsonType, json: { data: [] } }],
];

const files: readonly Fact[] = [
  ["GET /j/{queued}/inputs/in.txt", 200, { headers: textType, text: "input" }],
  ["GET /j/{queued}/inputs/nope.txt", 404, { json: { error: "Input file 'nope.txt' not found" } }],
  ["GET /j/{never}/inputs/in.txt", 404, { json: { error: "Job not found" } }],
  ["GET /j/{queued}/inputs/", 400, { json: { error: "Missing filename" } }],
  ["GET /j/{done}/outputs/a%20b.txt", 200, { headers: { ...textType, ...saved("a b.txt") }, text: "text" }],
  ["GET /j/{done}/outputs/sub/pixel.png", 200, { headers: { "content-type": "image/png", "content-length": "3" } }],
  ["GET /j/{done}/outputs/sub/pixel.png", 200, { headers: saved("pixel.png") }],
  ["GET /j/{done}/outputs/data.json", 200, { headers: jsonType, json: { n: [1] } }],
  ["GET /j/{done}/outputs/elsewhere.txt", 302, { headers: { location: "https://h.example/a/b.txt" } }],
  ["GET /j/{done}/outputs/broken.bin", 400, { json: { error: "Invalid base64 data" } }],
  ["GET /j/{done}/outputs/nope", 404, { json: { error: "Output file 'nope' not found" } }],
  ["GET /j/{queued}/outputs/a", 404, { json: { error: "Finished job not found" } }],
  ["GET /f/{never}/exists", 404, { json: { exists: false } }],
  ["GET /f/..%2Fsecret", 400, { json: error }],
  ["PUT /f/j%2Fx%2Fresult.json", 400, { send: "x", json: error }],
  ["GET /upload/a.txt", 200, { headers: jsonType, json: { url: text, ref: { value: "a.txt", type: "key" } } }],
  ["GET /download/a.txt", 200, { json: { url: text, ref: { value: text, type: "url" } } }],
  ["GET /upload/a%2Fb", 400, { json: error }],
];

const elsewhere = { message: "Job is not in the namespace other" };
const changing: readonly Fact[] = [
  ["POST /q/{q}/j/{never}/cancel", 200, { json: { message: "Job not found" } }],
  ["POST /q/{q}/j/{done}/cancel", 200, { json: { message: "Job already Finished" } }],
  ["POST /q/{q}/j/{cancelled}/cancel?namespace=*", 200, { json: { message: "Job already Finished" } }],
  ["POST /q/{q}/j/{queued}/cancel?namespace=other", 200, { json: elsewhere }],
  ["POST /q/{q}/j/{queued}/other/cancel", 200, { json: elsewhere }],
  [`POST /q/{q}/j/{queued}/cancel?namespace=${"x".repeat(300)}`, 400, { json: error }],
  ["POST /j/{never}/copy", 404, { send: { queue: "x" }, json: { error: "Job definition not found" } }],
  ["POST /j/{done}/copy", 400, { send: {}, json: error }],
  ["POST /j/{queued}/copy", 200, { send: { queue: "{q}-copy" }, json: { ...taken, jobId: "{queued}" } }],
];

const waits = { state: "Queued", waiting: text, place: 1 };
const counts = { jobCount: 2, localWorkerCount: 0, otherWorkerCount: 0, clientCount: 0 };
const jobStates = expect.arrayContaining([{ id: expect.stringMatching(/^.{6}$/), state: "Queued", worker: "none" }]);
const status = {
  jobs: { "{queued}": waits, "{done}": { state: "Finished", finishedReason: "Success" } },
  otherServers: {},
  localWorkers: {},
  clientCount: 0,
  queueInfo: { address: "{q}", serverId: text, broadcastChannel: "in-isolate", ...counts, jobStates },
};
const metrics = /^\n# HELP queue_length .+\n# TYPE queue_length gauge\nqueue_length 1\n/;
const serving: readonly Fact[] = [
  ["GET /healthz", 200, { headers: textType, text: "OK" }],
  ["HEAD /healthz", 200, { headers: textType, text: "" }],
  ["GET /metaframe.json", 200, { json: expect.objectContaining({ version: "2" }) }],
  ["GET /q/{q}/status", 200, { headers: jsonType, json: status }],
  ["GET /{q}/status", 200, { json: status }],
  ["GET /q/{q}/metrics", 200, { headers: plainType, text: metrics }],
  ["GET /{q}/metrics", 200, { headers: plainType, text: metrics }],
];

const nothingThere: readonly Fact[] = [
  ["GET /no/such/path", 404, { headers: jsonType, json: error }],
  ["DELETE /q/{q}/j/{done}", 404, { headers: jsonType, json: error }],
  ["PUT /q/{q}", 404, { json: error }],
  ["POST /q/{q}/status", 404, { json: error }],
  ["GET /q/{q}/j/{done}/cancel", 404, { json: error }],
  ["POST /f/a.txt", 404, { json: error }],
  ["GET /q/{q}/client", 426, { json: error }],
  ["GET /q/%ff", 400, { json: error }],
];

const asked = { "access-control-request-method": "POST", "access-control-request-headers": "content-type,x-any" };
const preflight = {
  "access-control-allow-methods": "GET,HEAD,PUT,POST,DELETE,PATCH",
  "access-control-allow-headers": "content-type,x-any",
  vary: /Access-Control-Request-Headers/,
  "access-control-max-age": null,
  "access-control-allow-credentials": null,
};
const preflights: readonly Fact[] = [
  ...["/q/{q}", "/f/a.txt", "/j/{never}", "/no/such/path"].map(
    (path): Fact => [`OPTIONS ${path}`, 204, { ask: asked, headers: preflight, text: "" }],
  ),
  ["OPTIONS /q/{q}", 204, { headers: { "access-control-allow-headers": null }, text: "" }],
];

export const facts: readonly Fact[] = [
  ...[...serving, ...submitting, ...reading, ...files],
  ...[...changing, ...nothingThere, ...preflights],
];
