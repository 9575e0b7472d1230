// The control plane's HTTP app: one table of routes for both shells.

import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Deployment } from "./deployment.ts";
import { accessControl } from "./routes/access.ts";
import { blobRoutes } from "./routes/blobs.ts";
import { jobFiles } from "./routes/jobFiles.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { sendAsset, sendPage, wantsHtml } from "./routes/page.ts";
import { fail } from "./routes/params.ts";
import { sendStatus } from "./routes/status.ts";

export interface AppOptions {
  /** A request that failed for no reason of its sender's. */
  readonly onError: (error: unknown, request: { readonly method: string; readonly route: string }) => void;
  /** Routes that only one way of running has. */
  readonly extend?: (app: Hono) => void;
}

export function createApp(deployment: Deployment, { onError, extend }: AppOptions): Hono {
  const app = new Hono({ strict: false });
  app.use(accessControl(deployment.access));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    onError(error, { method: c.req.method, route: c.req.routePath });
    return c.json({ error: "The server failed at this request; it was logged." }, 500);
  });

  extend?.(app);
  app.get("/healthz", (c) => c.text("OK"));
  app.get("/health", (c) => c.text("OK"));

  app.route("/f", blobRoutes(deployment));
  app.all("/q/:queue/worker", () =>
    fail(426, "Longshore's agents speak their own protocol: run `longshore agent <queue> --api <this origin>`."),
  );
  app.get("/q/:queue/status", (c) => sendStatus(deployment, c));
  app.route("/q/:queue", jobRoutes(deployment));

  app.get("/j/:id", async (c, next) => (wantsHtml(c) ? ((await sendPage(deployment, c)) ?? next()) : next()));
  app.route(
    "/j",
    jobFiles(deployment, () => deployment.archive),
  );

  for (const path of ["/mcp", "/mcp/*", "/docs", "/docs/*", "/llms.txt"]) {
    app.all(path, () => fail(404, "This is not served yet."));
  }
  app.get("/", async (c, next) => (await sendPage(deployment, c)) ?? next());
  // Hosts of metaframes ask for it below whatever path they framed.
  app.get("*", async (c, next) => {
    const path = c.req.path.endsWith("/metaframe.json") ? "/metaframe.json" : c.req.path;
    return (await sendAsset(deployment, path)) ?? next();
  });
  app.get("/:queue/status", (c) => sendStatus(deployment, c));
  app.notFound((c) => c.json({ error: `There is nothing at ${c.req.method} ${c.req.path.slice(0, 200)}.` }, 404));
  return app;
}
