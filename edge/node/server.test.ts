// The Node shell while it starts.

import { mkdtemp, rm } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { startServer } from "./server.ts";

/** What a server answers that is tried from before it listens: the first connection it takes gets this request. */
async function firstAnswer(port: number, signal: AbortSignal): Promise<number | undefined> {
  for (;;) {
    const status = await new Promise<number | "refused" | undefined>((resolve, reject) => {
      const request = get({ host: "127.0.0.1", port, path: "/healthz", agent: false, signal }, (response) =>
        resolve(response.resume().statusCode),
      );
      request.on("error", (error) => {
        if ("code" in error && error.code === "ECONNREFUSED") resolve("refused");
        else reject(error);
      });
    });
    if (status !== "refused") return status;
    await turn();
  }
}

test("a request that comes as soon as the port is open is answered", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "longshore-start-"));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const before = await startServer({ dataDir, port: 0 });
  await before.stop();
  const answer = firstAnswer(before.port, AbortSignal.timeout(10_000));
  const server = await startServer({ dataDir, port: before.port });
  onTestFinished(() => server.stop());
  expect(await answer).toBe(200);
});
