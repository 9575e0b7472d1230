import * as v from "valibot";
import { expect, test } from "vitest";
import { frameAllow } from "../frame/allow.ts";
import metaframe from "../public/metaframe.json" with { type: "json" };
import { isReserved } from "./parameters.ts";

const types = v.picklist(["string", "stringBase64", "boolean", "json", "number"]);
const Param = v.strictObject({
  type: types,
  label: v.pipe(v.string(), v.minLength(1)),
  description: v.pipe(v.string(), v.minLength(10)),
  value: v.optional(v.union([v.string(), v.boolean(), v.number()])),
  allowed: v.optional(v.array(v.string())),
});
const params = v.parse(v.record(v.string(), Param), metaframe.hashParams);

test("hosts are told of every parameter that the page keeps in its address, with its type", () => {
  expect(Object.fromEntries(Object.entries(params).map(([name, { type }]) => [name, type]))).toEqual({
    ...Object.fromEntries(["job", "inputs", "definition", "control"].map((name) => [name, "json"])),
    ...Object.fromEntries(["queue", "queueOverride", "maxJobDuration", "config", "hm"].map((name) => [name, "string"])),
    ...Object.fromEntries(
      ["ignoreQueueOverride", "autostart", "debug", "terminal", "resolverefs", "allowsetjob", "mp_live"].map((name) => [
        name,
        "boolean",
      ]),
    ),
    mp_line: "number",
  });
  // None of them is a container's variable.
  expect(Object.keys(params).filter((name) => !isReserved(name))).toEqual([]);
});

test("it has the fields of version 2, and asks for what frames need of their page", () => {
  expect(metaframe.version).toBe("2");
  expect(Object.keys(metaframe.metadata)).toEqual(expect.arrayContaining(["name", "description", "authors"]));
  expect(metaframe.allow).toBe(frameAllow);
  for (const feature of ["clipboard-write", "loopback-network", "local-network-access"])
    expect(frameAllow.split("; ")).toContain(feature);
});
