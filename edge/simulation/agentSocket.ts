// A connection between an agent and a queue: frames wait in it, overtake each other, and arrive late.

import type { AgentOrders } from "../../wire/agentMessages.ts";
import type { QueueEvent } from "../queue/queue.ts";
import type { Seeded } from "./seeded.ts";
import type { SimulatedQueue } from "./simulatedQueue.ts";

/** Both directions of one connection. The agent may have given it up long before the queue knows. */
export class AgentSocket {
  readonly session: string;
  readonly queue: SimulatedQueue;
  readonly up: string[] = [];
  readonly down: AgentOrders[] = [];
  isOpen = true;

  constructor(queue: SimulatedQueue) {
    this.queue = queue;
    this.session = queue.newSession();
  }

  /** The queue's side is gone. */
  closed(): void {
    this.isOpen = false;
    this.up.length = 0;
  }
}

/** Mostly the next frame; sometimes one overtakes it, as over two connections. */
export function taken<T>(frames: T[], random: Seeded): T | undefined {
  const [frame] = frames.splice(frames.length > 1 && random.chance(0.03) ? 1 : 0, 1);
  return frame;
}

export function arrive(socket: AgentSocket, frame: string): void {
  socket.queue.together([saying(socket, frame)]);
}

export function saying({ session }: AgentSocket, frame: string): QueueEvent {
  return (queue, now) => queue.agentFrame(now, session, frame).effects;
}

export function hangUp(socket: AgentSocket): void {
  const { queue, session, isOpen } = socket;
  socket.closed();
  if (!isOpen) return;
  queue.agentSockets.delete(session);
  queue.do(queue.queue.closed(queue.world.now, session));
}
