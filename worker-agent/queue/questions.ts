// Questions to the queue that are answered one by one. Each is asked again on every new connection until its answer comes.

import type { UploadAnswer, UploadRequest } from "../../wire/agentMessages.ts";
import { askAgainMs } from "../limits.ts";
import { settledWithin } from "../retry.ts";

export type UploadStep = Omit<UploadRequest, "type" | "request">;
export type UploadOutcome = UploadAnswer["answer"];
/** Asks the control plane for one step of an upload in parts. Rejects only when the signal is aborted. */
export type AskUpload = (step: UploadStep, signal: AbortSignal) => Promise<UploadOutcome>;

export interface QuestionsParts {
  readonly newId: () => string;
  /** Sends it if there is a connection; it may get lost. */
  readonly send: (request: UploadRequest) => void;
}

export class Questions {
  readonly #parts: QuestionsParts;
  readonly #open = new Map<string, (outcome: UploadOutcome) => void>();
  #reconnected = Promise.withResolvers<void>();

  constructor(parts: QuestionsParts) {
    this.#parts = parts;
  }

  ask: AskUpload = async (step, signal) => {
    signal.throwIfAborted();
    const { newId, send } = this.#parts;
    const request = newId();
    const answer = Promise.withResolvers<UploadOutcome>();
    const stop = () => answer.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    this.#open.set(request, answer.resolve);
    try {
      for (;;) {
        send({ type: "upload", request, ...step });
        const again = this.#reconnected.promise.then(() => undefined);
        const outcome = await settledWithin(Promise.race([answer.promise, again]), askAgainMs);
        if (outcome !== undefined) return outcome;
      }
    } finally {
      signal.removeEventListener("abort", stop);
      this.#open.delete(request);
    }
  };

  heard({ request, answer }: UploadAnswer): void {
    this.#open.get(request)?.(answer);
  }

  /** There is a new connection: what was asked on an earlier one may not have arrived. */
  reconnected(): void {
    this.#reconnected.resolve();
    this.#reconnected = Promise.withResolvers();
  }
}
