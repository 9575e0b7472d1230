// Malformed requests by a seed, made from the routes of the server's OpenAPI document. None of them may change anything.

import { type Agent, request } from "node:http";
import * as v from "valibot";
import { Control, Enqueue } from "../../wire/clientMessages.ts";
import { checkDefinition, JobDefinition } from "../../wire/definition.ts";
import { checksumHeader } from "../../wire/http.ts";
import { QueueName } from "../../wire/ids.ts";
import { type Dice, isAccepted, type Known, malformed, unknownHash } from "./malformed.ts";
import { within } from "./until.ts";

export const RouteTable = v.object({ paths: v.record(v.string(), v.record(v.string(), v.unknown())) });

/** One operation: a method and a path with `{name}` in it. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

export interface OddRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

export function routesOf(document: unknown): readonly [Route, ...Route[]] {
  const routes = Object.entries(v.parse(RouteTable, document).paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );
  const [first, ...rest] = routes;
  if (!first) throw new Error("The OpenAPI document has no paths.");
  return [first, ...rest];
}

const Submission = v.object({ ...Enqueue.entries, definition: JobDefinition });
const Copy = v.object({ queue: QueueName, control: v.optional(v.nullable(Control)) });

/** Whether an edge could take it: then it is no malformed submission. */
export function isSubmission(value: unknown): boolean {
  const enqueue = v.safeParse(Enqueue, value);
  return enqueue.success && checkDefinition(enqueue.output.definition).ok;
}

const oddText: readonly [string, ...string[]] = [
  "",
  ".",
  "..",
  "%",
  "%zz",
  "%ff",
  "%00",
  "%0a",
  "%F0%9F",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "%2F",
  "%5C..%5C",
  "undefined",
  "null",
  "__proto__",
  "constructor",
  "*",
  "';DROP%20TABLE%20jobs--",
  "[object%20Object]",
  "%F0%9F%9A%A2",
  "x".repeat(129),
  "x".repeat(3_000),
  "{}",
  "|",
  "a//b",
];
/** No blob's keys: under a good one anything may be put. */
const oddKeys: readonly [string, ...string[]] = [
  "%",
  "%00",
  "%ff",
  ".x",
  "-",
  "%2e%2e",
  "a%2Fb",
  "x".repeat(201),
  "a%20b",
];
const oddHeaders: Readonly<Record<string, readonly [string, ...string[]]>> = {
  range: ["bytes=", "bytes=9-1", "bytes=-0", "bytes=99999999999999999999-", "bytes=0-1,3-4", "lines=1-2", "\u00ff"],
  accept: ["", "*", "text/html;q=x", "application/", ",,,", "x".repeat(4_000)],
  [checksumHeader]: ["", "x", "AAAA", "\u00ff\u00fe", "=".repeat(44)],
  "last-event-id": ["", "-1", "NaN", "1e99", "a:b:c", "9".repeat(400)],
  "content-type": ["", "text/html", "multipart/form-data", "application/json; charset=none", "\u00ff"],
  "content-encoding": ["gzip", "br", "none"],
  "if-none-match": ["*", '"', 'W/"x"'],
  "access-control-request-method": ["", "NONE"],
  cookie: ["=", "a".repeat(4_000)],
  origin: ["null", "http://", "x"],
};
const methods: readonly [string, ...string[]] = [
  "GET",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "HEAD",
  "PROPFIND",
];
/** The jobs are in none of these. */
const otherNamespaces: readonly [string, ...string[]] = ["nowhere", "n".repeat(300), "%00", "%25", "%F0%9F%9A%A2"];

export function oddRequest(routes: readonly [Route, ...Route[]], dice: Dice, known: Known): OddRequest {
  const route = dice.pick(routes);
  const method = dice.chance(0.15) ? dice.pick(methods) : route.method;
  const ends = /\/cancel$/.test(route.path);
  const values: Readonly<Record<string, () => string>> = {
    queue: () => (dice.chance(0.6) ? known.queue : dice.pick(oddText)),
    id: () => (dice.chance(0.5) ? dice.pick(known.jobs) : oddId(dice, known)),
    key: () => (dice.chance(0.5) ? dice.pick([known.blob, unknownHash, `${unknownHash}.x`]) : dice.pick(oddKeys)),
    namespace: () => dice.pick(otherNamespaces),
    path: () => dice.pick(oddText),
  };
  let path = route.path.replace(/\{(\w+)\}/g, (_all, name: string) => values[name]?.() ?? "");
  if (ends) path += `?namespace=${dice.pick(otherNamespaces)}&message=${dice.pick(oddText)}`;
  else if (dice.chance(0.3)) path += `?since=${dice.pick(["-1", "NaN", "1e400", "%", "%ff", "", "9".repeat(40)])}`;
  else if (dice.chance(0.05)) path += dice.pick(["/", "//", "/..", "?", "?%", "?&=&", "/client", "/agent"]);
  return { method, path, headers: headersOf(dice), body: bodyOf(method, path, dice, known) };
}

function oddId(dice: Dice, { jobs }: Known): string {
  const id = dice.pick(jobs);
  return dice.pick([unknownHash, id.slice(1), `${id}0`, `${id.slice(1)}G`, `%${id}`, `${id}%00`, dice.pick(oddText)]);
}

function headersOf(dice: Dice): Record<string, string> {
  const [first = "range", ...rest] = Object.keys(oddHeaders);
  const headers: Record<string, string> = {};
  for (let i = 1 + dice.below(2); i > 0; i--) {
    const name = dice.pick([first, ...rest]);
    headers[name] = dice.pick(oddHeaders[name] ?? [""]);
  }
  return headers;
}

/** What is posted is always malformed, what is put never has its key's hash. */
function bodyOf(method: string, path: string, dice: Dice, known: Known): OddRequest["body"] {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return undefined;
  if (path.includes("/copy")) return malformed(Copy, isAccepted(Copy), dice, known);
  return malformed(Submission, isSubmission, dice, known);
}

export interface OddAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Sends it over one of the agent's connections. Of an endless answer only the head is read. */
export function send(origin: string, agent: Agent, { method, path, headers, body }: OddRequest): Promise<OddAnswer> {
  const { hostname, port, host } = new URL(origin);
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const answer = new Promise<OddAnswer>((resolve, reject) => {
    const options = { host: hostname, port, path, method, agent, headers: { host, ...headers, ...length } };
    const sent = request(options, (response) => {
      const { statusCode: status = 0, headers: got } = response;
      const type = got["content-type"] ?? "";
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status, type, body: Buffer.concat(chunks).toString() }));
      response.on("error", reject);
      if (type.startsWith("text/event-stream")) {
        resolve({ status, type, body: "" });
        response.destroy();
      }
    });
    sent.on("error", reject);
    sent.end(body);
  });
  return within(`the answer to ${method} ${path}`, answer, () => "nothing");
}
