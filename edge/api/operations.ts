// Every operation of the HTTP API, in the order in which a reader meets them. A test holds this table to the app's routes.

import { ExistsAnswer, StatusAnswer, UploadAnswer, UploadedAnswer } from "../../wire/http.ts";
import { jobOperations, logOperations } from "./jobOperations.ts";
import { badNames, bytes, json, notFound, type Operation, problem } from "./operation.ts";

const blobs: readonly Operation[] = [
  {
    method: "put",
    paths: ["/f/:key"],
    group: "Blobs",
    summary: "Store bytes under a key",
    more:
      "Under a key that is a SHA-256 (with or without an extension) only bytes with that hash are stored. Any other key is " +
      "written once. With both headers the store may be written directly: follow the redirect with the same method and body.",
    headers: { "Content-Length": "The number of bytes.", "x-amz-checksum-sha256": "Their SHA-256, base64." },
    body: { type: "application/octet-stream", what: "The bytes." },
    answers: {
      200: json("Stored.", UploadedAnswer),
      302: { what: "The store's signed address for exactly these bytes." },
      400: problem("The key is malformed, or the bytes are not its."),
      409: problem("The key exists."),
      413: problem("Too large."),
    },
  },
  {
    method: "get",
    paths: ["/f/:key"],
    group: "Blobs",
    summary: "Read a blob",
    headers: { Range: "One range of bytes." },
    answers: {
      200: bytes("The bytes, as an attachment."),
      206: bytes("The range."),
      302: { what: "The store's signed address." },
      ...badNames,
      ...notFound("There is no such blob."),
      416: problem("The range lies outside the blob."),
    },
  },
  {
    method: "get",
    paths: ["/f/:key/exists"],
    group: "Blobs",
    summary: "Ask whether a blob exists",
    more:
      "A blob older than four weeks counts as missing, so that it is written again before a new job relies on it. Asked " +
      "with `length`, a store that takes bytes itself names its signed address in `upload`: for those who would send a " +
      "large body whole before they follow a redirect, as browsers do.",
    query: { length: "How many bytes would be uploaded under this SHA-256." },
    answers: {
      200: json("It exists.", ExistsAnswer),
      404: json("It does not.", ExistsAnswer),
      ...badNames,
      413: problem("Too large."),
    },
  },
  ...(["upload", "download"] as const).map(
    (verb): Operation => ({
      method: "get",
      paths: [`/${verb}/:key`],
      group: "Blobs",
      summary: `Ask where to ${verb} a blob`,
      more: "Use `/f/{key}` itself.",
      deprecated: true,
      answers: { 200: json("The address, and the data ref that stands for the blob.", UploadAnswer), ...badNames },
    }),
  ),
];

const queues: readonly Operation[] = [
  {
    method: "get",
    paths: ["/q/:queue/status", "/:queue/status"],
    group: "Queues",
    summary: "Read a queue's state: jobs, agents, why jobs wait and their places in line",
    answers: { 200: json("A queue that nobody has used looks empty.", StatusAnswer), ...badNames },
  },
  {
    method: "get",
    paths: ["/q/:queue/metrics", "/:queue/metrics"],
    group: "Queues",
    summary: "Read a queue's metrics",
    more: "Prometheus' text format. `queue_length` counts jobs that wait or run: scale agents by it.",
    answers: { 200: { what: "The metrics.", type: "text/plain" }, ...badNames },
  },
  {
    method: "get",
    paths: ["/q/:queue/client", "/q/:queue/browser"],
    group: "Queues",
    summary: "Follow a queue over a WebSocket",
    more:
      "Frames are JSON text: ClientMessage to the server, ServerMessage from it. First come Workers and JobStates, then what " +
      "changes. PING is answered PONG. `/{queue}/client` and `/{queue}/browser` are the same.",
    answers: { 101: { what: "The socket is open." }, 426: problem("The request was no WebSocket handshake.") },
  },
  {
    method: "get",
    paths: ["/q/:queue/agent"],
    group: "Queues",
    summary: "The socket of Longshore's own agents",
    answers: { 101: { what: "The socket is open." }, 426: problem("The request was no WebSocket handshake.") },
  },
];

const server: readonly Operation[] = [
  {
    method: "get",
    paths: ["/healthz", "/health"],
    group: "Server",
    summary: "Ask whether the server answers",
    answers: { 200: { what: "OK", type: "text/plain" } },
  },
  {
    method: "get",
    paths: ["/openapi.json"],
    group: "Server",
    summary: "Read this description as an OpenAPI document",
    answers: { 200: { what: "OpenAPI 3.1.", type: "application/json" } },
  },
  {
    method: "get",
    paths: ["/api"],
    group: "Server",
    summary: "Read this description as a page",
    answers: { 200: { what: "HTML.", type: "text/html" } },
  },
];

export const operations: readonly Operation[] = [...jobOperations, ...logOperations, ...blobs, ...queues, ...server];
