// The built page and its headers.

import type { Context } from "hono";
import { getMimeType } from "hono/utils/mime";
import type { Deployment } from "../deployment.ts";

// The page talks to its own server and to the queue that its URL names; it shows blobs, and frames nothing but sandboxes.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src * ws: wss: blob: data:",
  "frame-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

// What an HTML output is shown in: a document without an origin and without a network, in which its own scripts run.
const previewPath = "/preview.html";
const previewPolicy = [
  "sandbox allow-scripts",
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' blob: data:",
  "style-src 'unsafe-inline' blob: data:",
  "img-src blob: data:",
  "media-src blob: data:",
  "font-src blob: data:",
  "connect-src blob: data:",
  "worker-src blob: data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The page's document, for `/` and for a browser at `/j/:id`. */
export async function sendPage(deployment: Deployment, c: Context): Promise<Response | undefined> {
  const file = await deployment.page("/index.html");
  if (!file) return undefined;
  c.header("vary", "Accept");
  return new Response(file.body, {
    headers: {
      "content-type": "text/html; charset=UTF-8",
      "cache-control": "no-cache",
      "content-security-policy": contentSecurityPolicy,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}

/** A static file of the page; hashed names never change. */
export async function sendAsset(deployment: Deployment, path: string): Promise<Response | undefined> {
  const file = await deployment.page(path);
  if (!file) return undefined;
  const headers = new Headers({
    "content-type": getMimeType(path) ?? "application/octet-stream",
    "cache-control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  if (path === previewPath) {
    headers.set("content-security-policy", previewPolicy);
    headers.set("x-dns-prefetch-control", "off");
  }
  return new Response(file.body, { headers });
}

/** Whether a browser asked for a document here, rather than a script for JSON. */
export function wantsHtml(c: Context): boolean {
  return (c.req.header("accept") ?? "").includes("text/html");
}
