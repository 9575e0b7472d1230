// How many containers wait, for whom and how long, and what a job costs the engine.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agentIdOf } from "../../wire/agentId.ts";
import { own } from "../../wire/ids.ts";
import { keptSecret } from "../dataDir.ts";
import { DiskQuota } from "../docker/diskQuota.ts";
import { Engine } from "../docker/engine.ts";
import { defaultJobLimits } from "../job/allowance.ts";
import type { AgentEvent } from "../log.ts";
import { docker, leftOf } from "../testEngine.ts";
import { kill, type Stack, startStack, until } from "../testStack.ts";
import { systemWorld } from "../world.ts";
import { Parking, type Ran } from "./parking.ts";
import { programOf } from "./release.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});

afterAll(async () => {
  await stack.close();
});

test("a container that nobody claims ends, the oldest gives way, and none stays when the agent stops", async () => {
  const { parking, ran, waiting } = await lot({ places: 1, idleMs: 60_000 });
  parking.park(await ran("first"));
  const [first] = await waiting(1);
  parking.park(await ran("second"));
  const [second] = await waiting(1, first);
  expect(second).not.toBe(first);
  await parking.close();
  await waiting(0);

  const short = await lot({ places: 2, idleMs: 1 });
  short.parking.park(await short.ran("short"));
  await until(
    "it was parked",
    () => short.events.map(({ event }) => event),
    (seen) => seen.includes("container parked"),
  );
  await short.waiting(0);
  expect(await short.parking.claim(short.queue, (await short.ran("short")).definition, {})).toBeUndefined();
  await short.parking.close();
});

test("a helper ends with its agent, and the next start removes it", async () => {
  const dataDir = await stack.folder();
  const id = agentIdOf(await keptSecret(join(dataDir, "secret"), systemWorld.newId));
  const child = stack.agentProcess(dataDir);
  await stack.run({ command: "true" });
  const label = ["--filter", `label=longshore.agent=${id}`, "--filter", "label=longshore.own=parked"];
  const [parked] = await until(
    "a container is parked",
    () => docker("ps", "-q", ...label),
    (ids) => ids.length > 0,
  );
  await kill(child);
  await until(
    "its helper has ended",
    () => docker("inspect", "--format", "{{.State.Status}}", String(parked)),
    ([status]) => status === "exited",
  );
  const next = await stack.agent({ dataDir });
  expect(await docker("ps", "-aq", ...label)).toEqual([]);
  await next.stop({ drain: false });
  expect(await leftOf(id)).toEqual([]);
});

test("a job is seven calls of the engine; in a parked container four, and three for the next one", async () => {
  const dialled = new Docker();
  const calls: string[] = [];
  let unanswered = 0;
  const dial = dialled.modem.dial.bind(dialled.modem);
  dialled.modem.dial = (options: { method: string; path: string }, done: (...answer: unknown[]) => void) => {
    const call = `${options.method} ${options.path.replace(/[0-9a-f]{64}/, "<id>").replace("?", "")}`;
    if (/containers|images/.test(call)) calls.push(call);
    // A wait for the end of a container is answered at its end.
    const counts = call.endsWith("/wait") ? 0 : 1;
    unanswered += counts;
    dial(options, (...answer) => {
      unanswered -= counts;
      done(...answer);
    });
  };
  const agent = await stack.agent({ engine: new Engine(dialled.modem), dataDir: await stack.folder() });
  // A variable that a shell can't have: such a job has a container of its own.
  const callsOf = async (env: object) => {
    await stack.run({ command: "true", env });
    await settled(
      () => calls.length,
      () => unanswered > 0,
    );
    return calls.splice(0);
  };
  await callsOf({ "own.one": "1" });
  expect(await callsOf({ "own.one": "1" })).toEqual([
    "GET /images/longshore/shell/json",
    "POST /containers/create",
    "POST /containers/<id>/attach",
    "POST /containers/<id>/start",
    "POST /containers/<id>/wait",
    "GET /containers/<id>/json",
    expect.stringMatching(/^DELETE \/containers\//),
  ]);
  // Until there is a namespace for each of the two.
  for (let i = 0; i < 3; i++) await callsOf({});
  expect((await callsOf({})).sort()).toEqual([
    expect.stringMatching(/^DELETE \/containers\//),
    "GET /containers/<id>/json",
    "GET /images/longshore/shell/json",
    "POST /containers/<id>/attach",
    "POST /containers/<id>/start",
    "POST /containers/<id>/wait",
    "POST /containers/create",
  ]);
  await agent.stop({ drain: true });
});

/** Parking alone, with containers that have no network. */
async function lot({ places, idleMs }: { places: number; idleMs: number }) {
  const engine = new Engine();
  const agent = crypto.randomUUID().replaceAll("-", "");
  const queue = own.queueHash("3".repeat(64));
  const events: AgentEvent[] = [];
  const data = await stack.folder();
  await mkdir(join(data, "job-cache"));
  const place = { hostConfig: { NetworkMode: "none" }, filtered: true, isSound: () => true, leave: () => {} };
  const parking = await Parking.open({
    engine,
    agent,
    world: systemWorld,
    log: (event) => events.push(event),
    network: { place: () => Promise.resolve(place) },
    jobCaches: join(data, "job-cache"),
    jobCache: "queue",
    folder: join(data, "parked"),
    limits: { ...defaultJobLimits, memoryBytes: 64 * 1024 ** 2, maxDurationMs: 60_000 },
    quota: new DiskQuota(),
    runtime: undefined,
    places,
    idleMs,
  });
  const ran = async (workdir: string): Promise<Ran> => {
    const definition = { image: "longshore/shell", command: "true", workdir: `/${workdir}` };
    const image = await engine.images.find("longshore/shell");
    const program = image && programOf(definition, {}, image);
    if (!program) throw new Error("There is no image longshore/shell.");
    return { queue, definition, image, program };
  };
  const waiting = (count: number, but?: string) =>
    until(
      `${count} are there`,
      () => docker("ps", "-aq", "--filter", `label=longshore.agent=${agent}`),
      (ids) => ids.length === count && (but === undefined || !ids.includes(but)),
    );
  return { parking, ran, waiting, events, queue };
}

/** Resolves when a number has not grown for a while in which nothing was awaited. */
async function settled(look: () => number, isBusy: () => boolean): Promise<void> {
  let last = -1;
  let same = 0;
  await until(
    "nothing more happens",
    () => {
      same = look() === last && !isBusy() ? same + 1 : 0;
      last = look();
      return same;
    },
    (times) => times > 50,
  );
}
