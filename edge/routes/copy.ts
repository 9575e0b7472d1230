// `POST /j/:id/copy`: the job that an id names, submitted to another queue.

import { Hono } from "hono";
import * as v from "valibot";
import { Control } from "../../wire/clientMessages.ts";
import { QueueName } from "../../wire/ids.ts";
import type { Deployment } from "../deployment.ts";
import { jsonBody } from "./body.ts";
import { fail, jobId, parse } from "./params.ts";
import { type CallerEnv, submitTo } from "./submission.ts";

/** Where the copy goes, and what a submission to it would carry beside the definition. */
export const CopyBody = v.object({ queue: QueueName, control: v.optional(v.nullable(Control)) });

export function copyRoute(deployment: Deployment): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  app.post("/:id/copy", async (c) => {
    const id = jobId(c);
    const { queue, control } = parse(CopyBody, await jsonBody(c));
    const canonical = (await deployment.archive.definition(id)) ?? fail(404, "Job definition not found");
    return c.json(await submitTo(deployment, c, queue, { id, definition: JSON.parse(canonical), control }));
  });
  return app;
}
