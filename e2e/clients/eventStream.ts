// A job's event stream as a script reads it: events in order, with their ids.

import { type IncomingMessage, request } from "node:http";
import * as v from "valibot";
import { paths } from "../../wire/http.ts";
import type { JobId } from "../../wire/ids.ts";
import { ConsoleLogLine } from "../../wire/result.ts";
import { answerMs } from "../limits.ts";
import { Inbox } from "./inbox.ts";
import type { QueueApi } from "./queueApi.ts";
import { within } from "./until.ts";

export interface StreamEvent {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

const LogData = v.object({ lines: v.array(ConsoleLogLine), cursor: v.number() });

export class EventStream {
  readonly events = new Inbox<StreamEvent>();
  readonly response: IncomingMessage;
  readonly #ended: Promise<void>;
  #text = "";

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding("utf8");
    this.#ended = new Promise((resolve) => response.once("close", resolve));
    void this.#ended.then(() => this.events.close("the stream has ended"));
    response.on("error", () => {});
  }

  /** Open, with its headers there. `read` false leaves everything where it is until `read()`. */
  static async open(
    api: QueueApi,
    id: JobId,
    { lastEventId, read = true }: { readonly lastEventId?: string; readonly read?: boolean } = {},
  ): Promise<EventStream> {
    const headers = { accept: "text/event-stream", ...(lastEventId ? { "last-event-id": lastEventId } : {}) };
    const sent = request(new URL(paths.stream(api.queue, id), api.origin), { headers, agent: false });
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once("response", resolve);
      sent.once("error", reject);
    });
    sent.end();
    const stream = new EventStream(await within("the stream's headers", response, () => "nothing"));
    if (read) stream.read();
    return stream;
  }

  read(): void {
    this.response.on("data", (chunk: string) => this.#take(chunk));
  }

  #take(chunk: string): void {
    const blocks = (this.#text + chunk).split("\n\n");
    this.#text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(block.split("\n").map((line) => [line.split(": ", 1)[0], line.replace(/^[^:]*: /, "")]));
      const event = fields.get("event");
      if (event === undefined) continue;
      this.events.push({ event, id: fields.get("id") ?? "", data: JSON.parse(fields.get("data") ?? "null") });
    }
  }

  find(event: string, { from = 0, limitMs = answerMs } = {}): Promise<StreamEvent> {
    return this.events.find(`event ${event}`, (seen) => (seen.event === event ? seen : undefined), { from, limitMs });
  }

  /** The event whose lines end with this text. */
  line(text: string, limitMs = answerMs): Promise<StreamEvent> {
    return this.events.find(`line ${text}`, (seen) => (textsOf(seen).includes(text) ? seen : undefined), { limitMs });
  }

  /** Everything until the server ends it. */
  async whole(limitMs = answerMs): Promise<readonly StreamEvent[]> {
    await within("the stream's end", this.#ended, () => this.events.all.slice(-5), limitMs);
    return this.events.all;
  }

  /** The texts of all lines so far, of one kind or both. */
  texts(kind?: "build-log" | "run-log"): string[] {
    return this.events.all.filter(({ event }) => kind === undefined || event === kind).flatMap(textsOf);
  }

  names(): string[] {
    return this.events.all.map(({ event }) => event);
  }

  close(): void {
    this.response.destroy();
  }
}

function textsOf({ event, data }: StreamEvent): string[] {
  return event.endsWith("-log") ? v.parse(LogData, data).lines.map(([text]) => text) : [];
}
