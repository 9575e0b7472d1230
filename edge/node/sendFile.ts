// Large files leave as files: see stores/fileBody.ts.

import type { ServerResponse } from "node:http";
import { sentChunkBytes } from "../limits.ts";
import { FileBody } from "../stores/fileBody.ts";

/** The file that the answer is made of. Of a short one it is not asked: that would cost more than it saves. */
export function fileOf(response: Response): FileBody | undefined {
  if (Number(response.headers.get("content-length")) < sentChunkBytes) return undefined;
  return response.body instanceof FileBody ? response.body : undefined;
}

/** Sends the answer. A connection that ends, by either side or for a file that can't be read, ends the transfer. */
export async function sendFile(file: FileBody, { status, headers }: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(status, Object.fromEntries(headers));
  try {
    await file.sendTo(outgoing);
    outgoing.end();
  } catch (error) {
    outgoing.destroy(error instanceof Error ? error : undefined);
  }
}
