// The network of the agent's jobs: a bridge of its own on which containers can't reach one another. Who makes it and what a
// container must be told about it is decided here and nowhere else.

import { type Engine, EngineError } from "./engine.ts";

export class JobNetwork {
  readonly #engine: Engine;
  readonly #agent: string;
  readonly name: string;

  constructor(engine: Engine, agent: string) {
    this.#engine = engine;
    this.#agent = agent;
    this.name = `longshore-${agent.slice(0, 12)}`;
  }

  /** Makes it if it is not there. */
  async ensure(signal: AbortSignal): Promise<void> {
    if (await this.#engine.hasNetwork(this.name, signal)) return;
    try {
      await this.#engine.createNetwork(
        {
          Name: this.name,
          Driver: "bridge",
          CheckDuplicate: true,
          Options: { "com.docker.network.bridge.enable_icc": "false" },
          Labels: { "longshore.agent": this.#agent },
        },
        signal,
      );
    } catch (error) {
      // Somebody else made it meanwhile.
      if (!(error instanceof EngineError && error.status === 409)) throw error;
    }
  }

  /** What a container's HostConfig says about its network. */
  hostConfig(): { readonly NetworkMode: string } {
    return { NetworkMode: this.name };
  }

  /** Removes it; nothing may be attached any more. */
  async remove(signal: AbortSignal): Promise<void> {
    await this.#engine.removeNetwork(this.name, signal);
  }
}
