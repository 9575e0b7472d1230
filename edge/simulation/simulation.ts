// Random steps over the model, with the queue's promises checked after each.

import { schemaExists } from "../queue/schema.ts";
import { text } from "../queue/sql.ts";
import { World } from "./model.ts";

const namespaces = ["_", "_", "a", "b"] as const;

/** Runs `steps` random steps. @throws an Error that names the seed and step of a broken promise. */
export function simulate(seed: number, steps: number): World {
  const world = new World(seed);
  for (let step = 0; step < steps; step++) {
    try {
      randomStep(world);
      checkPromises(world, step);
    } catch (cause) {
      throw new Error(`simulate(${seed}, ${step + 1}) broke a promise: ${String(cause)}`, { cause });
    }
  }
  try {
    settle(world);
    checkAllEnded(world);
  } catch (cause) {
    throw new Error(`simulate(${seed}, ${steps}) broke a promise after its faults had stopped: ${String(cause)}`, {
      cause,
    });
  }
  return world;
}

function randomStep(world: World): void {
  const { random } = world;
  const agent = random.pick(world.agents);
  if (!agent) return;
  const dice = random.below(100);
  if (dice < 10) world.submit(random.pick(namespaces) ?? "_");
  else if (dice < 12) {
    const job = random.pick([...world.submitted]);
    if (job) world.cancel(job, random.pick(namespaces) ?? "_");
  } else if (dice < 20) world.connect(agent);
  else if (dice < 45) world.deliverToQueue(agent);
  else if (dice < 70) world.deliverToAgent(agent);
  else if (dice < 80) world.finishOne(agent);
  else if (dice < 86) world.sync(agent);
  else if (dice < 87) world.decline(agent);
  else if (dice < 88) world.disconnect(agent);
  else if (dice < 89) world.abandon(agent);
  else if (dice < 90) world.crashAgent(agent, random.chance(0.5));
  else if (dice < 99) world.advance(random.below(4_000));
  else if (random.chance(0.3)) world.restartQueue();
  else if (random.chance(0.1)) world.advance(60_000 + random.below(600_000));
}

/** After every step; what the queue lets leave is checked by the world itself. */
function checkPromises(world: World, step: number): void {
  if (!schemaExists(world.sql)) return;
  const held = new Map<string, number>();
  for (const row of world.sql.all("SELECT id, agent, attempt FROM jobs WHERE state = 'Running'")) {
    const agent = text(row, "agent");
    held.set(agent, (held.get(agent) ?? 0) + 1);
    if (typeof row.attempt !== "number") throw new Error(`${text(row, "id")} runs without an attempt`);
  }
  for (const [agent, count] of held) {
    if (count > world.slots) throw new Error(`agent ${agent} was given ${count} jobs for ${world.slots} slots`);
  }
  // The whole table is counted now and then: a wrong counter stays wrong.
  if (step % 50 === 0) checkCounters(world);
}

function checkCounters(world: World): void {
  const [row] = world.sql.all("SELECT state FROM queues");
  if (!row) return;
  const state: unknown = JSON.parse(text(row, "state"));
  const [counted] = world.sql.all(
    `SELECT count(*) FILTER (WHERE state = 'Queued') AS waiting, count(*) FILTER (WHERE state = 'Finished') AS finished,
       count(*) FILTER (WHERE state IN ('Running', 'Publishing')) AS running FROM jobs`,
  );
  if (
    typeof state !== "object" ||
    state === null ||
    !("waiting" in state) ||
    !("running" in state) ||
    !("finished" in state)
  )
    throw new Error("no counters");
  for (const name of ["waiting", "running", "finished"] as const) {
    if (state[name] !== counted?.[name])
      throw new Error(`${name} is counted as ${state[name]}, not ${counted?.[name]}`);
  }
}

/** Faults stop: one agent has gone silent for good, the others connect, everything is delivered, every container ends. */
function settle(world: World): void {
  const [silent, ...living] = world.agents;
  if (silent) world.abandon(silent);
  for (let round = 0; round < 400; round++) {
    for (const agent of living) {
      world.connect(agent);
      while (agent.outbox.length + agent.inbox.length > 0) {
        world.deliverToQueue(agent);
        world.deliverToAgent(agent);
      }
      world.finishOne(agent);
      if (round % 5 === 0) world.sync(agent);
    }
    world.advance(1_000);
  }
}

function checkAllEnded(world: World): void {
  const open = world.sql.all("SELECT id, state FROM jobs WHERE state <> 'Finished'");
  if (open.length > 0) throw new Error(`${open.length} accepted jobs never ended: ${JSON.stringify(open.slice(0, 3))}`);
  const [, ...living] = world.agents;
  const spooled = living.reduce((sum, agent) => sum + agent.spool.size, 0);
  if (spooled > 0) throw new Error(`${spooled} finishes were never answered`);
}
