// Files that containers wrote as other users, made the agent's own: the engine runs as root, this agent may not.

import { randomUUID } from "node:crypto";
import { takeOverMemoryBytes, takeOverMs } from "../limits.ts";
import { within } from "../retry.ts";
import type { Engine } from "./engine.ts";
import { runErrand } from "./errand.ts";
import { errandLimits, errandOptions } from "./namespace.ts";
import { findTools } from "./toolsImage.ts";

/** Everything in the folder belongs to its parent's owner then, who may read, write and remove it. No link is followed. */
export type TakeOver = (parent: string, below: string) => Promise<void>;

export interface TakeOverParts {
  readonly engine: Engine;
  readonly agent: string;
  readonly toolsImage: string | undefined;
}

/** Its promise rejects with a sentence when there is no container that could do it, or it could not. */
export function takeOverWith({ engine, agent, toolsImage }: TakeOverParts): TakeOver {
  return async (parent, below) => {
    const limit = within(takeOverMs);
    const tools = await findTools(engine, toolsImage, limit);
    if (!tools)
      throw new Error("there is no image of tools with which the agent could make another user's files its own");
    const script = `own=$(stat -c %u:%g /own) && chown -Rh "$own" "/own/$0" && chmod -R u+rwX "/own/$0" && echo taken over`;
    const options = {
      ...errandOptions(agent, tools, script),
      Cmd: [below],
      HostConfig: {
        ...errandLimits,
        Memory: takeOverMemoryBytes,
        MemorySwap: takeOverMemoryBytes,
        NetworkMode: "none",
        CapAdd: ["CHOWN", "FOWNER", "DAC_OVERRIDE"],
        Mounts: [{ Type: "bind", Source: parent, Target: "/own" }],
      },
    };
    const said = await runErrand(engine, `longshore-${agent.slice(0, 8)}-own-${randomUUID()}`, options, limit);
    if (!said.includes("taken over"))
      throw new Error(`another user's files could not be made the agent's own: ${said.trim().slice(0, 500)}`);
  };
}
