// A page's socket, as a test: frames by the wire's schemas.

import * as v from "valibot";
import { pingText, pongText, ServerMessage } from "../../wire/clientMessages.ts";
import { paths } from "../../wire/http.ts";
import type { JobId } from "../../wire/ids.ts";
import type { Job } from "../../wire/job.ts";
import type { QueueApi } from "./queueApi.ts";
import { TestSocket } from "./socket.ts";

export class TestClient {
  readonly socket: TestSocket;
  readonly #api: QueueApi;

  private constructor(socket: TestSocket, api: QueueApi) {
    this.socket = socket;
    this.#api = api;
  }

  /** Connected and greeted. */
  static async connect(api: QueueApi, path: string = paths.client(api.queue)): Promise<TestClient> {
    const client = new TestClient(await TestSocket.open(api.origin, path), api);
    await client.message("JobStates");
    return client;
  }

  submit(definition: unknown, more: Readonly<Record<string, unknown>> = {}): void {
    this.socket.send({
      type: "StateChange",
      payload: { state: "Queued", value: { enqueued: { definition, ...more } } },
    });
  }

  end(job: JobId, reason: "Cancelled" | "Deleted", namespace?: string): void {
    this.socket.send({ type: "StateChange", payload: { state: "Finished", job, value: { reason, namespace } } });
  }

  query(jobId: JobId): void {
    this.socket.send({ type: "QueryJob", payload: { jobId } });
  }

  /** Frames so far that the schemas know. */
  messages(from = 0): ServerMessage[] {
    return this.socket.frames.all.slice(from).flatMap((frame) => known(frame) ?? []);
  }

  get count(): number {
    return this.socket.frames.all.length;
  }

  message<T extends ServerMessage["type"]>(type: T, from = 0): Promise<Extract<ServerMessage, { type: T }>> {
    return this.socket.frames.find(
      `${type} frame`,
      (frame) => {
        const message = known(frame);
        return message && isOf(message, type) ? message : undefined;
      },
      { from },
    );
  }

  /** The first frame, from number `from` on, that shows the job in this state. */
  job(id: string, state: Job["state"], { from = 0, limitMs }: { from?: number; limitMs?: number } = {}): Promise<Job> {
    return this.socket.frames.find(
      `${state} of ${id}`,
      (frame) => {
        const message = known(frame);
        const job = message && statesIn(message)[id];
        return job?.state === state ? job : undefined;
      },
      { from, ...(limitMs === undefined ? {} : { limitMs }) },
    );
  }

  /** Every state of the job that was announced, in order, repeats left out. */
  statesOf(id: string): string[] {
    const states = this.messages().flatMap((message) => statesIn(message)[id]?.state ?? []);
    return states.filter((state, index) => state !== states[index - 1]);
  }

  /** Everything that was on its way to this client has arrived. */
  async settled(): Promise<void> {
    // What was sent has arrived, then it has had its turn, then what that turn said has come back.
    await this.#pinged();
    await this.#api.list();
    await this.#pinged();
  }

  async #pinged(): Promise<void> {
    const from = this.count;
    this.socket.sendText(pingText);
    await this.socket.frames.find("PONG", (frame) => (frame === pongText ? true : undefined), { from });
  }
}

function statesIn(message: ServerMessage): Readonly<Record<string, Job>> {
  return message.type === "JobStates" || message.type === "JobStateUpdates" ? message.payload.state.jobs : {};
}

function known(frame: unknown): ServerMessage | undefined {
  const parsed = v.safeParse(ServerMessage, frame);
  return parsed.success ? parsed.output : undefined;
}

function isOf<T extends ServerMessage["type"]>(
  message: ServerMessage,
  type: T,
): message is Extract<ServerMessage, { type: T }> {
  return message.type === type;
}
