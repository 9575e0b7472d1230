// The control plane's HTTP app: one table of routes for both shells.

import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Deployment } from "./deployment.ts";
import { accessControl } from "./routes/access.ts";
import { apiRoutes } from "./routes/api.ts";
import { blobRoutes } from "./routes/blobs.ts";
import { copyRoute } from "./routes/copy.ts";
import { deprecatedRoutes } from "./routes/deprecated.ts";
import { jobFiles } from "./routes/jobFiles.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { sendMetrics } from "./routes/metrics.ts";
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
  // Hono takes a broken escape as it stands, and two paths would then name one queue.
  app.use((c, next) => (isDecodable(new URL(c.req.url).pathname) ? next() : fail(400, notDecodable)));
  app.use(async (c, next) => {
    await next();
    const type = oneForm[c.res.headers.get("content-type") ?? ""];
    if (type !== undefined) c.res.headers.set("content-type", type);
    // Hono answers HEAD with what GET made: a body that nobody reads would hold its file or connection open.
    if (c.req.method === "HEAD") await c.res.body?.cancel();
  });
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    onError(error, { method: c.req.method, route: c.req.routePath });
    return c.json({ error: "The server failed at this request; it was logged." }, 500);
  });

  extend?.(app);
  app.get("/healthz", (c) => c.text("OK"));
  app.get("/health", (c) => c.text("OK"));

  app.route("/", apiRoutes());
  app.route("/f", blobRoutes(deployment));
  app.all("/q/:queue/worker", () =>
    fail(426, "Longshore's agents speak their own protocol: run `longshore agent <queue> --api <this origin>`."),
  );
  app.route("/", deprecatedRoutes(deployment));
  for (const path of ["/q/:queue/client", "/q/:queue/browser", "/q/:queue/agent"]) {
    app.get(path, () => fail(426, "This address is a WebSocket.", { upgrade: "websocket" }));
  }
  app.get("/q/:queue/status", (c) => sendStatus(deployment, c));
  app.get("/q/:queue/metrics", (c) => sendMetrics(deployment, c));
  app.route("/q/:queue", jobRoutes(deployment));

  app.get("/j/:id", async (c, next) => (wantsHtml(c) ? ((await sendPage(deployment, c)) ?? next()) : next()));
  app.route("/j", copyRoute(deployment));
  app.route(
    "/j",
    jobFiles(deployment, () => deployment.archive),
  );

  for (const path of ["/mcp", "/mcp/*", "/docs", "/docs/*", "/llms.txt"]) {
    app.all(path, () => fail(404, "This is not served yet. The API describes itself at /api."));
  }
  app.get("/", async (c, next) => (await sendPage(deployment, c)) ?? next());
  // Hosts of metaframes ask for it below whatever path they framed.
  app.get("*", async (c, next) => {
    const path = c.req.path.endsWith("/metaframe.json") ? "/metaframe.json" : c.req.path;
    return (await sendAsset(deployment, path)) ?? next();
  });
  app.get("/:queue/status", (c) => sendStatus(deployment, c));
  app.get("/:queue/metrics", (c) => sendMetrics(deployment, c));
  app.notFound((c) => c.json({ error: `There is nothing at ${c.req.method} ${c.req.path.slice(0, 200)}.` }, 404));
  return app;
}

/** The same type in the same form everywhere, whatever made the answer: some clients compare the whole of it. */
const oneForm: Readonly<Record<string, string>> = {
  "application/json": "application/json; charset=UTF-8",
  "text/plain;charset=UTF-8": "text/plain; charset=UTF-8",
};
const notDecodable = "The path is not percent-encoded UTF-8.";

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
