// Jobs whose network goes away in the moment in which they would begin.

import { execFileSync } from "node:child_process";
import Docker from "dockerode";
import * as v from "valibot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Engine } from "../docker/engine.ts";
import { type Stack, startStack } from "../testStack.ts";

let stack: Stack;
/** Done with what the engine is about to be asked, before it is. */
let before: (request: { method: string; path: string; body: unknown }) => void = () => {};

beforeAll(async () => {
  stack = await startStack();
  const docker = new Docker();
  const dial = docker.modem.dial.bind(docker.modem);
  docker.modem.dial = (options: { method: string; path: string; options: { _body?: unknown } }, done: () => void) => {
    before({ method: options.method, path: options.path, body: options.options._body });
    dial(options, done);
  };
  await stack.agent({ engine: new Engine(docker.modem), parked: 0 });
});

afterAll(async () => {
  await stack.close();
});

const JobContainer = v.object({
  Labels: v.object({ "longshore.job": v.string() }),
  HostConfig: v.object({ NetworkMode: v.pipe(v.string(), v.startsWith("container:")) }),
});

test.each([
  ["created", /\/create/],
  ["started", /\/start/],
])("a job whose network's holder dies before it is %s gets another network and runs", async (_when, path) => {
  let holder = "";
  let killed = 0;
  before = (request) => {
    const created = request.path.includes("/create") ? v.safeParse(JobContainer, request.body) : undefined;
    if (created?.success) holder = created.output.HostConfig.NetworkMode.replace("container:", "");
    if (holder === "" || killed > 0 || !path.test(request.path)) return;
    killed += 1;
    execFileSync("docker", ["kill", holder]);
  };
  const result = await stack.run({ command: "cat /proc/net/route; echo ran" });
  expect([killed, result.StatusCode]).toEqual([1, 0]);
  expect(result.logs.map(([text]) => text)).toContain("ran");
});
