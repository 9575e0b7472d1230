// The OpenAPI document: the table of operations and the wire's schemas, put together once.

import type * as v from "valibot";
import { ClientMessage, Control, ServerMessage } from "../../wire/clientMessages.ts";
import { DataRef } from "../../wire/dataRef.ts";
import { Build, JobDefinition, Requirements } from "../../wire/definition.ts";
import { ErrorBody, HistoryEntry, LogAnswer, StatusAnswer, SubmitAnswer } from "../../wire/http.ts";
import { Job, Progress, WorkerRegistration } from "../../wire/job.ts";
import { ConsoleLogLine, Finished, JobResult } from "../../wire/result.ts";
import { Callback, FinishedWebhook, QueuedWebhook, webhookHeaders } from "../../wire/webhook.ts";
import { Submission } from "./jobOperations.ts";
import { bodyOf, type JsonSchema, jsonSchemaOf, type NamedSchemas } from "./jsonSchema.ts";
import { type Answer, type Operation, parameterSchemas, parameters } from "./operation.ts";
import { operations } from "./operations.ts";

const schemas: Readonly<Record<string, v.GenericSchema>> = {
  Submission,
  SubmitAnswer,
  JobDefinition,
  Build,
  Requirements,
  DataRef,
  Control,
  Callback,
  Job,
  Progress,
  Finished,
  JobResult,
  ConsoleLogLine,
  HistoryEntry,
  LogAnswer,
  StatusAnswer,
  WorkerRegistration,
  ClientMessage,
  ServerMessage,
  QueuedWebhook,
  FinishedWebhook,
  Error: ErrorBody,
};
const named: NamedSchemas = new Map(Object.entries(schemas).map(([name, schema]) => [schema, name]));

export const aboutTheApi =
  "Any Docker image, run from a URL. A job is a definition (image, command, files) submitted to a queue; an agent on " +
  "somebody's Docker host runs it, and its result is read by the job's id. Every problem is a 4xx with a sentence.";

export const aboutWebhooks =
  "A submission's `control.callbacks` may name two webhooks. `queued` is called when the job goes into line, and not when it " +
  "joined one under way or was answered by a result. `finished` is called once at the job's end for that namespace, however it " +
  "ends, and at once if a result answered. Each is a POST after the submission was answered. An answer of 2xx within 10 s " +
  "takes it; 307 and 308 are followed; anything else is tried again for a day, 410 ends it. With a `secret` the request " +
  `carries ${webhookHeaders.signature}: \`v1=\` and the hex HMAC-SHA256 of \`<${webhookHeaders.timestamp}>.<body>\`. ` +
  `${webhookHeaders.delivery} is the same in each try.`;

export function openApiDocument(): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations) {
    for (const [index, path] of operation.paths.entries()) {
      const shown = openApiPath(path);
      paths[shown] = { ...paths[shown], [operation.method]: operationOf(operation, path, index > 0) };
    }
  }
  return {
    openapi: "3.1.0",
    info: { title: "Longshore", version: "1", description: `${aboutTheApi}\n\n${aboutWebhooks}` },
    paths,
    webhooks: { queued: webhookOf(QueuedWebhook), finished: webhookOf(FinishedWebhook) },
    components: { schemas: namedSchemas() },
  };
}

/** Every schema that has a name, in full. */
export function namedSchemas(): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, bodyOf(schema, named)]));
}

/** A schema as operations mention it. */
export function mentioned(schema: v.GenericSchema): JsonSchema {
  return jsonSchemaOf(schema, named);
}

/** `/j/:id/outputs/*` as `/j/{id}/outputs/{path}`. */
export function openApiPath(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}").replace(/\*$/, "{path}");
}

function operationOf(operation: Operation, path: string, isAlias: boolean): JsonSchema {
  const { group, summary, more, deprecated, body, query = {}, headers = {}, answers } = operation;
  const inPath = [...openApiPath(path).matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const parameter = (name: string, where: string, description: string | undefined) => ({
    name,
    in: where,
    required: where === "path",
    schema: where === "path" ? schemaOfName(name) : { type: "string" },
    ...(description === undefined ? {} : { description }),
  });
  return {
    tags: [group],
    summary,
    ...(more === undefined ? {} : { description: more }),
    ...(isAlias ? { "x-same-as": openApiPath(operation.paths[0]) } : {}),
    ...(deprecated ? { deprecated } : {}),
    parameters: [
      ...inPath.map((name) => parameter(name, "path", parameters[name])),
      // What stands in the path is not asked for in the query as well.
      ...Object.entries(query)
        .filter(([name]) => !inPath.includes(name))
        .map(([name, what]) => parameter(name, "query", what)),
      ...Object.entries(headers).map(([name, what]) => parameter(name, "header", what)),
    ],
    ...(body ? { requestBody: { required: true, description: body.what, content: contentOf(body) } } : {}),
    responses: Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)])),
  };
}

function schemaOfName(name: string): JsonSchema {
  const schema = parameterSchemas[name];
  return schema ? jsonSchemaOf(schema, named) : { type: "string" };
}

function answerOf(answer: Answer): JsonSchema {
  return { description: answer.what, ...(answer.schema || answer.type ? { content: contentOf(answer) } : {}) };
}

function contentOf({ schema, type }: Pick<Answer, "schema" | "type">): JsonSchema {
  return { [type ?? "application/json"]: schema ? { schema: jsonSchemaOf(schema, named) } : {} };
}

function webhookOf(body: v.GenericSchema): JsonSchema {
  const responses = { "2XX": { description: "Taken." }, "410": { description: "Never again, please." } };
  return { post: { requestBody: { content: contentOf({ schema: body }) }, responses } };
}
