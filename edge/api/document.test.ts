import { expect, test } from "vitest";
import { createApp } from "../app.ts";
import type { Deployment } from "../deployment.ts";
import { openApiDocument } from "./document.ts";
import { operations } from "./operations.ts";

const nothing = () => Promise.reject(new Error("No route is called here."));
const deployment: Deployment = {
  origins: ["https://edge.example"],
  blobs: { info: nothing, read: nothing, write: nothing, check: nothing, signed: undefined, parts: undefined },
  bodyBytesMax: 1,
  access: { type: "public" },
  callbackRules: { literals: "refused", allowRanges: [], ownHosts: [] },
  archive: { definition: nothing, finished: nothing, log: nothing },
  queue: () => {
    throw new Error("No queue is used here.");
  },
  page: nothing,
};
const app = createApp(deployment, { onError: () => {} });

/** Middleware, the page's files, and addresses that only say that nothing is served there. */
const isNoOperation = (path: string) =>
  ["/*", "/", "*", "/mcp", "/mcp/*", "/docs", "/docs/*", "/llms.txt", "/q/:queue/worker"].includes(path);

test("every route is documented, and everything that is documented is a route", () => {
  const routes = app.routes
    .filter(({ path }) => !isNoOperation(path))
    .map(({ method, path }) => `${method.toLowerCase()} ${path}`);
  const documented = operations.flatMap(({ method, paths }) => paths.map((path) => `${method} ${path}`));
  expect([...new Set(routes)].sort()).toEqual([...documented].sort());
});

test("every reference in the document leads to a schema, and every schema says something", () => {
  const document = JSON.stringify(openApiDocument());
  const { components } = JSON.parse(document);
  const names = Object.keys(components.schemas);
  for (const [, name] of document.matchAll(/"#\/components\/schemas\/(\w+)"/g)) expect(names).toContain(name);
  for (const name of names) expect([name, Object.keys(components.schemas[name])]).not.toEqual([name, []]);
  expect(components.schemas.JobDefinition.properties.inputs).toEqual({
    type: "object",
    additionalProperties: { $ref: "#/components/schemas/DataRef" },
    maxProperties: 10_000,
  });
  expect(components.schemas.SubmitAnswer.required).toEqual(["success", "jobId"]);
});

test("every operation says what it answers, and what stands in its path", () => {
  const { paths } = JSON.parse(JSON.stringify(openApiDocument()));
  for (const [path, methods] of Object.entries<
    Record<string, { parameters: { name: string; description: string }[]; responses: object }>
  >(paths)) {
    for (const { parameters, responses } of Object.values(methods)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const name of inPath)
        expect(parameters).toContainEqual(expect.objectContaining({ name, description: expect.any(String) }));
      expect(Object.keys(responses).length).toBeGreaterThan(0);
    }
  }
});

test("names in a path are described as their schemas have them", () => {
  const { paths } = JSON.parse(JSON.stringify(openApiDocument()));
  const [key] = paths["/f/{key}"].get.parameters;
  expect(key).toMatchObject({ name: "key", schema: { type: "string", pattern: expect.stringContaining("A-Za-z0-9") } });
  const cancel = paths["/q/{queue}/j/{id}/{namespace}/cancel"].post.parameters;
  expect(cancel.filter(({ name }: { name: string }) => name === "namespace")).toMatchObject([
    { in: "path", schema: { minLength: 1, maxLength: 256 } },
  ]);
});

test("the page shows every operation, runs nothing and loads nothing", async () => {
  const response = await app.request("/api");
  const page = await response.text();
  for (const { summary } of operations) expect(page).toContain(summary.replaceAll("'", "&#39;"));
  expect(page).not.toMatch(/<script|<img|<link|\son\w+=|undefined|\[object/);
  expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; /);
  expect(await (await app.request("/openapi.json")).json()).toMatchObject({ openapi: "3.1.0" });
});
