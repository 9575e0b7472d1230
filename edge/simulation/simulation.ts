// Random steps through the simulated world, with the queues' promises checked after each.

import type { JobId } from "../../wire/ids.ts";
import type { SimulatedQueue } from "./simulatedQueue.ts";
import { World } from "./world.ts";

/** Runs `steps` random steps. @throws an Error that names the seed and step of a broken promise. */
export function simulate(seed: number, steps: number): World {
  const world = new World(seed);
  for (let step = 0; step < steps; step++) {
    try {
      randomStep(world, step);
    } catch (cause) {
      throw new Error(`simulate(${seed}, ${step + 1}) broke a promise: ${String(cause)}`, { cause });
    }
  }
  try {
    settle(world);
  } catch (cause) {
    throw new Error(`simulate(${seed}, ${steps}) broke a promise after its faults had stopped: ${String(cause)}`, {
      cause,
    });
  }
  return world;
}

function randomStep(world: World, step: number): void {
  const { random } = world;
  const agent = random.pick(world.agents);
  const line = random.pick(agent?.lines ?? []);
  if (!agent || !line) return;
  const { queue } = line;
  let deleted: JobId | undefined;
  const dice = random.below(1000);
  if (dice < 100) world.submit(queue);
  else if (dice < 115) world.cancel(queue);
  else if (dice < 130) deleted = world.delete(queue);
  else if (dice < 180) {
    if (!line.socket || random.chance(0.05)) agent.connect(line);
  } else if (dice < 430) agent.deliverUp(line);
  else if (dice < 680) agent.deliverDown(line);
  else if (dice < 760) agent.finishOne();
  else if (dice < 820) agent.sync(line);
  else if (dice < 825) agent.declineOne();
  else if (dice < 830) agent.disconnect(line);
  else if (dice < 835) agent.giveUp(line);
  else if (dice < 860) agent.late();
  else if (dice < 865) agent.crash(random.chance(0.5));
  else if (dice < 885) agent.stale(line);
  else if (dice < 915) queue.storeOne(random.chance(0.8));
  else if (dice < 930) queue.callOne(random.chance(0.7));
  else if (dice < 945) world.burst(queue);
  else if (dice < 990) world.advance(random.below(4_000));
  else if (dice < 993) queue.crash();
  else if (dice < 996) queue.hibernate();
  else if (dice < 998) changeWatchers(world, queue);
  // A slept laptop, or a clock that was set.
  else if (random.chance(0.3)) world.advance(60_000 + random.below(600_000));
  for (const each of world.agents) for (const other of each.lines) each.notice(other);
  for (const each of world.queues) each.checkStep(step, each === queue ? deleted : undefined);
}

function changeWatchers(world: World, queue: SimulatedQueue): void {
  if (queue.watchers.length < 3) queue.watch();
  else {
    const [leaving] = queue.watchers.splice(1 + world.random.below(2), 1);
    if (leaving) queue.do(queue.queue.closed(world.now, leaving.session));
  }
}

/** Faults stop: one agent has gone silent for good, the others connect, everything is delivered, every container ends. */
function settle(world: World): void {
  const [silent, ...living] = world.agents;
  for (const line of silent?.lines ?? []) silent?.giveUp(line);
  world.isCalm = true;
  for (let round = 0; round < 400; round++) {
    for (const agent of living) {
      for (const line of agent.lines) {
        agent.notice(line);
        // A welcome that was lost never comes.
        if (!line.welcomed && (!line.socket || line.socket.up.length + line.socket.down.length === 0))
          agent.connect(line);
        while (line.socket && line.socket.up.length + line.socket.down.length > 0) {
          agent.deliverUp(line);
          agent.deliverDown(line);
        }
        if (round % 5 === 0) agent.sync(line);
      }
      agent.finishOne();
    }
    for (const queue of world.queues) {
      while (queue.isBusy) {
        queue.storeOne(true);
        queue.callOne(true);
      }
    }
    world.advance(1_000);
  }
  for (const queue of world.queues) queue.checkEnded();
  if (!living.every((agent) => agent.isIdle)) throw new Error("an agent still holds jobs, or waits for an answer");
}
