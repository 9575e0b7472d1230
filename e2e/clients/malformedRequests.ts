// Malformed requests by a seed, made from the routes of the server's OpenAPI document and the schemas of the wire: each has a
// fault for which it must be refused, and none may change anything.

import { type Agent, request } from "node:http";
import * as v from "valibot";
import { Control, Enqueue } from "../../wire/clientMessages.ts";
import { checkDefinition, JobDefinition } from "../../wire/definition.ts";
import { checksumHeader } from "../../wire/http.ts";
import { BlobKey, JobId, Namespace, QueueName } from "../../wire/ids.ts";
import { type Dice, isAccepted, type Known, malformed, unknownHash } from "./malformed.ts";
import { within } from "./until.ts";

const Parameter = v.object({ name: v.string(), in: v.string() });
const Operation = v.object({ parameters: v.optional(v.array(Parameter), []), requestBody: v.optional(v.unknown()) });
const RouteTable = v.object({ paths: v.record(v.string(), v.record(v.string(), Operation)) });

/** One operation: a method and a path with `{name}` in it. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  /** Methods that its path has, and those that every path has. */
  readonly methods: readonly string[];
  readonly hasBody: boolean;
}

export interface MalformedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

export function routesOf(document: unknown): readonly [Route, ...Route[]] {
  const routes = Object.entries(v.parse(RouteTable, document).paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { parameters, requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      query: parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name),
      methods: [...Object.keys(operations).map((name) => name.toUpperCase()), "HEAD", "OPTIONS"],
      hasBody: requestBody !== undefined,
    })),
  );
  const [first, ...rest] = routes;
  if (!first) throw new Error("The OpenAPI document has no paths.");
  return [first, ...rest];
}

const Submission = v.object({ ...Enqueue.entries, definition: JobDefinition });
const Copy = v.object({ queue: QueueName, control: v.optional(v.nullable(Control)) });

/** Whether an edge could take it: an id that is not the definition's makes it malformed. Webhooks may not go to its example. */
export function isSubmission(value: unknown): boolean {
  const enqueue = v.safeParse(Enqueue, value);
  if (!enqueue.success) return false;
  const check = checkDefinition(enqueue.output.definition);
  return check.ok && (enqueue.output.id ?? check.value.id) === check.value.id;
}

/** Names the definition as a client would, if the sample has a name. */
export function named(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("id" in value) || !("definition" in value)) return value;
  const check = checkDefinition(value.definition);
  return check.ok ? { ...value, id: check.value.id } : value;
}

/** Text as it stands in a path: some of it is good for one name, none for all. */
const oddText: readonly [string, ...string[]] = [
  "%",
  "%zz",
  "%ff",
  "%00",
  "%0a",
  "%F0%9F",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "%2F",
  "%5C..%5C",
  ".x",
  "-",
  "undefined",
  "null",
  "__proto__",
  "constructor",
  "*",
  "';DROP%20TABLE%20jobs--",
  "[object%20Object]",
  "%F0%9F%9A%A2",
  "x".repeat(129),
  "x".repeat(201),
  "x".repeat(3_000),
  "{}",
  "|",
];
/** What each name in a path must be, by the wire's own schemas. A file's path may be anything that can be decoded. */
const nameSchemas: Readonly<Record<string, v.GenericSchema>> = {
  queue: QueueName,
  id: JobId,
  key: BlobKey,
  namespace: Namespace,
  path: v.string(),
};
const oddQuery: Readonly<Record<string, readonly [string, ...string[]]>> = {
  since: ["NaN", "soon", "1e400", "0x", "--1", "1,2", "%7B%7D"],
  namespace: ["n".repeat(300), "%F0%9F%9A%A2".repeat(200)],
  message: ["m".repeat(5_000)],
};
/** Comes along with some requests; not what is wrong with them. */
const oddHeaders: Readonly<Record<string, readonly [string, ...string[]]>> = {
  range: ["bytes=", "bytes=9-1", "bytes=-0", "bytes=99999999999999999999-", "bytes=0-1,3-4", "lines=1-2", "\u00ff"],
  [checksumHeader]: ["", "x", "AAAA", "\u00ff\u00fe", "=".repeat(44)],
  "last-event-id": ["", "-1", "NaN", "1e99", "a:b:c", "9".repeat(400)],
  "content-type": ["", "text/html", "multipart/form-data", "application/json; charset=none", "\u00ff"],
  "content-encoding": ["gzip", "br", "none"],
  "if-none-match": ["*", '"', 'W/"x"'],
  "access-control-request-method": ["", "NONE"],
  cookie: ["=", "a".repeat(4_000)],
  origin: ["null", "http://", "x"],
};
const methods: readonly [string, ...string[]] = ["GET", "POST", "PUT", "DELETE", "PATCH", "PROPFIND"];

/** A request with one fault, for which it must be refused: in its path, its query, its body, or in how it is asked. */
export function malformedRequest(routes: readonly [Route, ...Route[]], dice: Dice, known: Known): MalformedRequest {
  const route = dice.pick(routes);
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const queries = route.query.filter((name) => name in oddQuery);
  const [first = "method", ...rest] = [
    "method",
    ...(names.length > 0 ? ["path", "path", "path"] : []),
    ...(queries.length > 0 ? ["query", "query"] : []),
    ...(route.hasBody ? ["body", "body", "body", "body"] : []),
  ];
  const fault = dice.pick([first, ...rest]);
  const odd = fault === "path" ? names[dice.below(names.length)] : undefined;
  // The jobs are in none of this namespace: nothing that is asked for by mistake would be done.
  const good: Readonly<Record<string, () => string>> = {
    queue: () => known.queue,
    id: () => dice.pick(known.jobs),
    key: () => (route.method === "PUT" ? unknownHash : known.blob),
    namespace: () => "nowhere",
    path: () => "in.txt",
  };
  let path = route.path.replace(/\{(\w+)\}/g, (_all, name: string) =>
    name === odd ? oddName(name, dice, known) : (good[name]?.() ?? ""),
  );
  const query = fault === "query" ? queries[dice.below(queries.length)] : undefined;
  if (query !== undefined) path += `?${query}=${dice.pick(oddQuery[query] ?? [""])}`;
  if (query !== "namespace" && route.query.includes("namespace"))
    path += `${path.includes("?") ? "&" : "?"}namespace=nowhere`;
  const method = fault === "method" ? otherMethod(route, dice) : route.method;
  return { method, path, headers: headersOf(dice), body: bodyOf(method, path, dice, known) };
}

function otherMethod({ methods: own }: Route, dice: Dice): string {
  const [first = "DELETE", ...rest] = methods.filter((method) => !own.includes(method));
  return dice.pick([first, ...rest]);
}

/** Text that this name can't be. */
function oddName(name: string, dice: Dice, { jobs }: Known): string {
  const id = dice.pick(jobs);
  const ids = [id.slice(1), `${id}0`, `${id.slice(1)}G`, id.toUpperCase().replace(/\d/g, "A"), `%${id}`, `${id}%00`];
  const schema = nameSchemas[name] ?? v.never();
  const [first = "%ff", ...rest] = [...oddText, ...(name === "id" ? ids : [])].filter((text) => {
    const decoded = decodedOnce(text);
    return decoded === undefined || !v.is(schema, decoded);
  });
  return dice.pick([first, ...rest]);
}

function decodedOnce(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function headersOf(dice: Dice): Record<string, string> {
  const [first = "range", ...rest] = Object.keys(oddHeaders);
  const headers: Record<string, string> = {};
  for (let i = dice.below(3); i > 0; i--) {
    const name = dice.pick([first, ...rest]);
    headers[name] = dice.pick(oddHeaders[name] ?? [""]);
  }
  return headers;
}

/** What is posted is always malformed, what is put never has its key's hash. */
function bodyOf(method: string, path: string, dice: Dice, known: Known): MalformedRequest["body"] {
  if (method === "GET") return undefined;
  if (path.includes("/copy")) return malformed(Copy, isAccepted(Copy), dice, known);
  return malformed(Submission, isSubmission, dice, known, named);
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Sends it over one of the agent's connections. Of an endless answer only the head is read. */
export function send(origin: string, agent: Agent, { method, path, headers, body }: MalformedRequest): Promise<Answer> {
  const { hostname, port, host } = new URL(origin);
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const answer = new Promise<Answer>((resolve, reject) => {
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
