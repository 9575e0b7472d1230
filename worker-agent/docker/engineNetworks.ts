// Networks of the Docker engine: made, found, removed.

import * as v from "valibot";
import { ListedNetworks, Network, type NetworkInfo } from "./engineAnswers.ts";
import type { EngineConnection } from "./engineConnection.ts";

export class EngineNetworks {
  readonly #engine: EngineConnection;

  constructor(engine: EngineConnection) {
    this.#engine = engine;
  }

  async create(body: object, signal?: AbortSignal): Promise<void> {
    await this.#engine.call({ method: "POST", path: "/networks/create", body, signal });
  }

  async find(name: string, signal?: AbortSignal): Promise<NetworkInfo | undefined> {
    const answer = await this.#engine.unless404({ method: "GET", path: `/networks/${name}`, signal });
    if (answer === undefined) return undefined;
    const { Options, IPAM } = v.parse(Network, answer);
    return {
      options: Options,
      subnets: IPAM.Config.map(({ Subnet, Gateway }) => ({ subnet: Subnet, gateway: Gateway })),
    };
  }

  async list(label: string, signal?: AbortSignal): Promise<v.InferOutput<typeof ListedNetworks>> {
    const query = { filters: JSON.stringify({ label: [label] }) };
    return v.parse(ListedNetworks, await this.#engine.call({ method: "GET", path: "/networks", query, signal }));
  }

  async remove(name: string, signal?: AbortSignal): Promise<void> {
    await this.#engine.unless404({ method: "DELETE", path: `/networks/${name}`, signal });
  }
}
