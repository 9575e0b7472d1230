// The Node shell as a process: its data folder, its signals.

import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { TestClient } from "../clients/testClient.ts";
import { spawnNodeShell, startNodeShell } from "../shells/nodeShell.ts";
import { startedShell } from "./everyShell.ts";

describe("the Node shell", () => {
  const shell = startedShell(() => startNodeShell());

  test("a second instance on the same data folder refuses and says why; the first goes on", async () => {
    const second = spawnNodeShell(shell().dataDir, {});
    onTestFinished(async () => void (await second.kill()));
    expect(await second.ended()).toMatchObject({ code: 1 });
    expect(second.output()).toContain(shell().dataDir);
    expect(second.output()).toMatch(/running on the data/);
    expect(second.output()).not.toMatch(/^ +at /m);
    expect(await (await new QueueApi(shell()).request("/healthz")).text()).toBe("OK");
  });

  test("a queue that is only looked at leaves nothing behind", async () => {
    const before = rowsIn(shell().dataDir);
    const api = new QueueApi(shell());
    const id = idOf(uniqueDefinition());
    for (const path of [paths.queue(api.queue), paths.status(api.queue), paths.result(api.queue, id)]) {
      expect((await api.request(path)).status).toBe(200);
    }
    await api.cancel(id);
    const client = await TestClient.connect(api);
    client.query(id);
    await client.settled();
    await client.socket.close();
    expect(rowsIn(shell().dataDir)).toEqual(before);
  });

  test("a browser keeps what a hash names for ever, and asks again for nothing else", async () => {
    const { origin } = shell();
    const hash = createHash("sha256").update("kept").digest("hex");
    for (const key of [hash, `${hash}.txt`]) {
      await fetch(`${origin}/f/${key}`, { method: "PUT", body: "kept" });
      const first = await fetch(`${origin}/f/${key}`);
      expect(first.headers.get("cache-control")).toContain("immutable");
      const headers = { "if-none-match": first.headers.get("etag") ?? "" };
      expect((await fetch(`${origin}/f/${key}`, { headers })).status).toBe(304);
    }
    await fetch(`${origin}/f/some-name`, { method: "PUT", body: "kept" });
    expect((await fetch(`${origin}/f/some-name`)).headers.get("cache-control")).toBeNull();
  });

  test("a queue's name is nowhere in the data folder, nor in what the server says", async () => {
    const api = new QueueApi(shell());
    await api.submit(uniqueDefinition());
    const client = await TestClient.connect(api);
    await client.settled();
    expect(JSON.stringify(rowsIn(shell().dataDir))).not.toContain(api.queue);
    expect(readdirSync(shell().dataDir, { recursive: true }).join()).not.toContain(api.queue);
    expect(shell().output()).not.toContain(api.queue);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s ends it cleanly, with sockets open", async (signal) => {
    const other = await startNodeShell();
    onTestFinished(() => other.stop());
    const client = await TestClient.connect(new QueueApi(other));
    other.program.signal(signal);
    expect(await client.socket.closed()).toMatchObject({ code: 1001 });
    expect(await other.program.ended()).toEqual({ code: 0, signal: null });
  });
});

/** Every row that the server keeps, by table. */
function rowsIn(dataDir: string): Record<string, unknown> {
  const database = new DatabaseSync(join(dataDir, "longshore.sqlite"), { readOnly: true });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    return Object.fromEntries(
      tables.map(({ name }) => [String(name), database.prepare(`SELECT * FROM "${String(name)}"`).all()]),
    );
  } finally {
    database.close();
  }
}
