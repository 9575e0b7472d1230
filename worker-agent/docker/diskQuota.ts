// Whether the engine holds what a container writes into its own file system to a size: only some storage drivers can. The
// first container that is created with one finds out, so nothing is asked for it alone.
// https://docs.docker.com/reference/cli/docker/container/run/#storage-opt

import { EngineError } from "./engineAnswers.ts";

export class DiskQuota {
  #given: boolean | undefined;

  /** True once it is known. */
  get given(): boolean {
    return this.#given === true;
  }

  /** Creates with a quota, or without one where the engine has none. */
  async create(attempt: (quota: boolean) => Promise<string>): Promise<string> {
    if (this.#given === false) return await attempt(false);
    try {
      const id = await attempt(true);
      this.#given = true;
      return id;
    } catch (error) {
      if (this.#given || !isRefusal(error)) throw error;
      const id = await attempt(false);
      this.#given = false;
      return id;
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof EngineError && error.status !== undefined && /storage.?opt|quota/i.test(error.message);
}
