// A request's body as Node has it. As a web stream every chunk would be copied, which costs more than hashing it, and a read that
// is waited for could not be given up.

import type { IncomingMessage } from "node:http";
import { bodyAheadBytes } from "../limits.ts";
import type { BodyRead, BodyReader, BodySource } from "../stores/body.ts";

export function incomingBody(incoming: IncomingMessage): BodySource {
  return { getReader: () => new IncomingReader(incoming) };
}

class IncomingReader implements BodyReader {
  readonly #incoming: IncomingMessage;
  /** Came before they were asked for. */
  readonly #chunks: Buffer[] = [];
  #ahead = 0;
  #waiting: PromiseWithResolvers<BodyRead> | undefined;
  #end: "ended" | Error | undefined;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
    incoming
      .on("data", this.#onData)
      .once("end", this.#onEnd)
      .once("error", this.#onError)
      .once("close", this.#onClose);
    if (incoming.readableEnded) this.#onEnd();
    else if (incoming.destroyed) this.#onClose();
  }

  read(): Promise<BodyRead> {
    const value = this.#chunks.shift();
    if (value) {
      this.#ahead -= value.length;
      return Promise.resolve({ done: false, value });
    }
    if (this.#end instanceof Error) return Promise.reject(this.#end);
    if (this.#end) return Promise.resolve({ done: true });
    this.#waiting = Promise.withResolvers();
    if (this.#incoming.isPaused()) this.#incoming.resume();
    return this.#waiting.promise;
  }

  /** What still comes is nobody's: the answer's end sees to it. */
  async cancel(): Promise<void> {
    const incoming = this.#incoming;
    incoming.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose).pause();
    this.#finish("ended");
  }

  readonly #onData = (value: Buffer) => {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve({ done: false, value });
    else {
      this.#chunks.push(value);
      this.#ahead += value.length;
      if (this.#ahead >= bodyAheadBytes) this.#incoming.pause();
    }
  };
  readonly #onEnd = () => this.#finish("ended");
  readonly #onError = (error: Error) => this.#finish(error);
  readonly #onClose = () => this.#finish(new Error("The connection has ended."));

  #finish(end: "ended" | Error): void {
    this.#end ??= end;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (!waiting) return;
    if (this.#end === "ended") waiting.resolve({ done: true });
    else waiting.reject(this.#end);
  }
}
