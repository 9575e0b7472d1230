// The API's own description: `/openapi.json` for programs, `/api` for people.

import { Hono } from "hono";
import { openApiDocument } from "../api/document.ts";
import { apiPage, apiPagePolicy } from "../api/page.ts";

export function apiRoutes(): Hono {
  const app = new Hono();
  app.get("/openapi.json", (c) => c.json(openApiDocument()));
  app.get("/api", async (c) =>
    c.body(String(await apiPage()), 200, {
      "content-type": "text/html; charset=UTF-8",
      "content-security-policy": apiPagePolicy,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    }),
  );
  return app;
}
