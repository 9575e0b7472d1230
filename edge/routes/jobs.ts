// Jobs of one queue: submit, list, read, cancel.

import { Hono } from "hono";
import * as v from "valibot";
import { Enqueue } from "../../wire/clientMessages.ts";
import type { SubmitAnswer } from "../../wire/http.ts";
import { defaultNamespace, Namespace } from "../../wire/ids.ts";
import type { Deployment, QueueAccess } from "../deployment.ts";
import { checkEnqueue } from "../queue/frames.ts";
import { jsonBody } from "./body.ts";
import { jobFiles } from "./jobFiles.ts";
import { fail, jobId, parse, queueName } from "./params.ts";

export function jobRoutes(deployment: Deployment): Hono {
  const app = new Hono();
  for (const path of ["/", "/j"]) {
    app.post(path, async (c) => c.json(await submit(deployment.queue(queueName(c)), await jsonBody(c))));
    app.get(path, async (c) => c.json({ data: Object.fromEntries(await deployment.queue(queueName(c)).list()) }));
  }
  app.get("/j/:id/namespaces.json", async (c) =>
    c.json({ data: await deployment.queue(queueName(c)).namespaces(jobId(c)) }),
  );
  app.post("/j/:id/cancel", async (c) => {
    const namespace = c.req.query("namespace") ?? defaultNamespace;
    return c.json(await cancel(deployment.queue(queueName(c)), jobId(c), namespace));
  });
  app.post("/j/:id/:namespace/cancel", async (c) =>
    c.json(await cancel(deployment.queue(queueName(c)), jobId(c), c.req.param("namespace"))),
  );
  app.route(
    "/j",
    jobFiles(deployment, (c) => deployment.queue(queueName(c))),
  );
  return app;
}

async function submit(queue: QueueAccess, body: unknown): Promise<SubmitAnswer> {
  if (body === null) fail(400, "No job provided.");
  const enqueue = parse(Enqueue, body);
  if (enqueue.definition === undefined) fail(400, 'A submission is {"definition": {...}}.');
  const check = checkEnqueue(enqueue);
  if (!check.ok) return fail(check.code === "size" ? 413 : 400, check.error);
  const outcome = await queue.submit(check.submission);
  if (outcome.type === "full") {
    return fail(429, outcome.error, { "retry-after": String(Math.ceil(outcome.retryAfterMs / 1000)) });
  }
  const { job, cached } = outcome;
  return { success: true, jobId: outcome.id, state: job.state, ...(cached ? { result: job } : {}) };
}

async function cancel(queue: QueueAccess, id: ReturnType<typeof jobId>, name: string): Promise<unknown> {
  const namespace = name === "*" ? name : parse(Namespace, name);
  const outcome = await queue.cancel(id, namespace, "Job cancelled by API");
  switch (outcome.type) {
    case "unknown":
      return { message: "Job not found" };
    case "finished":
      return { message: "Job already Finished" };
    case "elsewhere":
      return { message: `Job is not in the namespace ${v.parse(v.string(), namespace)}` };
    case "done":
      return { success: true, jobId: id, namespace };
  }
}
