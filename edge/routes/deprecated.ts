// `/upload/:key` and `/download/:key`: they tell an address instead of being one. It is that of the blob itself, which is the
// same in every store, keeps working, and checks what is written to it.

import { type Context, Hono } from "hono";
import { paths } from "../../wire/http.ts";
import type { Deployment } from "../deployment.ts";
import { blobKey } from "./params.ts";

export function deprecatedRoutes(deployment: Deployment): Hono {
  const app = new Hono();
  const addressOf = (c: Context, key: string) => (deployment.origins[0] ?? new URL(c.req.url).origin) + paths.blob(key);
  app.get("/upload/:key", (c) => {
    const key = blobKey(c);
    return c.json({ url: addressOf(c, key), ref: { value: key, type: "key" } });
  });
  app.get("/download/:key", (c) => {
    const url = addressOf(c, blobKey(c));
    return c.json({ url, ref: { value: url, type: "url" } });
  });
  return app;
}
