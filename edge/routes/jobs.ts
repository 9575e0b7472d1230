// Jobs of one queue: submit, list, read, cancel.

import { Hono } from "hono";
import * as v from "valibot";
import type { CancelAnswer } from "../../wire/http.ts";
import { defaultNamespace, Namespace } from "../../wire/ids.ts";
import { shortTextCharsMax } from "../../wire/limits.ts";
import type { Deployment, QueueAccess } from "../deployment.ts";
import { jsonBody } from "./body.ts";
import { jobFiles } from "./jobFiles.ts";
import { jobId, parse, queueName } from "./params.ts";
import { sendStream } from "./stream.ts";
import { type CallerEnv, submitTo } from "./submission.ts";

export function jobRoutes(deployment: Deployment): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  for (const path of ["/", "/j"]) {
    app.post(path, async (c) => c.json(await submitTo(deployment, c, queueName(c), await jsonBody(c))));
    app.get(path, async (c) => c.json({ data: Object.fromEntries(await deployment.queue(queueName(c)).list()) }));
  }
  app.get("/j/:id/namespaces.json", async (c) =>
    c.json({ data: await deployment.queue(queueName(c)).namespaces(jobId(c)) }),
  );
  app.get("/j/:id/stream", (c) => sendStream(deployment, c));
  app.get("/j/:id/history.json", async (c) => c.json({ data: await deployment.queue(queueName(c)).history(jobId(c)) }));
  app.post("/j/:id/cancel", async (c) => {
    const { namespace, message } = c.req.query();
    return c.json(await cancel(deployment.queue(queueName(c)), jobId(c), namespace || defaultNamespace, message));
  });
  app.post("/j/:id/:namespace/cancel", async (c) => {
    const { message } = c.req.query();
    return c.json(await cancel(deployment.queue(queueName(c)), jobId(c), c.req.param("namespace"), message));
  });
  app.route(
    "/j",
    jobFiles(deployment, (c) => deployment.queue(queueName(c))),
  );
  return app;
}

const Message = v.optional(v.pipe(v.string(), v.maxLength(shortTextCharsMax)), "Job cancelled by API");

async function cancel(
  queue: QueueAccess,
  id: ReturnType<typeof jobId>,
  name: string,
  message: string | undefined,
): Promise<v.InferOutput<typeof CancelAnswer>> {
  const namespace = name === "*" ? name : parse(Namespace, name);
  const outcome = await queue.cancel(id, namespace, parse(Message, message));
  switch (outcome.type) {
    case "unknown":
      return { message: "Job not found" };
    case "finished":
      return { message: "Job already Finished" };
    case "elsewhere":
      return { message: `Job is not in the namespace ${namespace}` };
    case "done":
      return { success: true, jobId: id, namespace };
  }
}
