import { expect, test } from "vitest";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { refusedHandshake } from "../clients/socket.ts";
import { onEveryShell } from "./everyShell.ts";

onEveryShell((shell) => {
  test.each(["/healthz", "/health"])("%s answers OK", async (path) => {
    const response = await new QueueApi(shell()).request(path);
    expect([response.status, await response.text()]).toEqual([200, "OK"]);
  });

  test.each(["/mcp", "/mcp/sse", "/docs", "/docs/a/b", "/llms.txt", "/q", "/no/such/path", "/f"])(
    "%s is a 404 in JSON",
    async (path) => {
      const response = await new QueueApi(shell()).request(path);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ error: expect.any(String) });
    },
  );

  test("an agent that speaks another protocol is told what to run instead", async () => {
    const api = new QueueApi(shell());
    const answer = { error: expect.stringContaining("longshore agent") };
    const response = await api.request(`/q/${api.queue}/worker`);
    expect([response.status, await response.json()]).toEqual([426, answer]);
    const handshake = await refusedHandshake(api.origin, `/q/${api.queue}/worker`);
    expect([handshake.status, JSON.parse(handshake.body)]).toEqual([426, answer]);
  });

  test("a socket at no queue's address is refused", async () => {
    for (const path of ["/", "/q/a/b/client", "/f/client/x"]) {
      expect(await refusedHandshake(shell().origin, path)).toMatchObject({ status: 404 });
    }
    for (const name of ["undefined", "null", "%00", "%ff", "a".repeat(129)]) {
      const { status, body } = await refusedHandshake(shell().origin, `/q/${name}/client`);
      expect([name, status, JSON.parse(body)]).toEqual([name, 400, { error: expect.any(String) }]);
    }
  });

  test("/j/:id is the page for a browser and JSON for a script", async () => {
    const api = new QueueApi(shell());
    const definition = uniqueDefinition();
    const { jobId } = await api.submit(definition);
    const page = await api.request(`/j/${jobId}`, { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } });
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await page.text()).toContain("<!doctype html>");
    for (const headers of [{}, { accept: "*/*" }, { accept: "application/json" }]) {
      const answer = await api.request(`/j/${jobId}`, { headers });
      expect(answer.headers.get("content-type")).toContain("application/json");
      expect(await answer.json()).toEqual({ data: { definition } });
    }
    const never = await api.request(`/j/${idOf(uniqueDefinition())}`, { headers: { accept: "application/json" } });
    expect([never.status, await never.json()]).toEqual([404, { error: "Job not found" }]);
  });

  test("the page runs no script but its own, and may be framed by anyone", async () => {
    const page = await new QueueApi(shell()).request("/");
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain("frame-ancestors");
    expect(page.headers.get("x-frame-options")).toBeNull();
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
    const [script = ""] = /\/assets\/[^"]+\.js/.exec(await page.text()) ?? [];
    const asset = await new QueueApi(shell()).request(script);
    expect(asset.headers.get("content-type")).toContain("javascript");
    expect(asset.headers.get("cache-control")).toContain("immutable");
  });

  test.each(["/metaframe.json", "/j/abc/metaframe.json", "/any/path/metaframe.json"])(
    "a metapage of any origin reads %s",
    async (path) => {
      const response = await new QueueApi(shell()).request(path, { headers: { origin: "https://metapage.example" } });
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(await response.json()).toMatchObject({ version: "2" });
    },
  );
});
