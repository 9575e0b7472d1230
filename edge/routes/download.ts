// Headers under which strangers' bytes leave: never rendered by a browser as a page of ours.

import { getMimeType } from "hono/utils/mime";

/** A Content-Disposition that saves under this name, whatever it holds (RFC 6266). */
export function attachment(fileName: string | undefined): string {
  if (fileName === undefined) return "attachment";
  const plain = fileName.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(fileName.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

export function downloadHeaders(fileName: string | undefined): Record<string, string> {
  return {
    "content-type": (fileName === undefined ? undefined : getMimeType(fileName)) ?? "application/octet-stream",
    "content-disposition": attachment(fileName),
    "content-security-policy": "sandbox",
    "x-content-type-options": "nosniff",
  };
}
