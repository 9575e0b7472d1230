// For the tests of this folder: an edge, an agent that builds, and a git host.

import type { JobResult } from "../../wire/result.ts";
import type { AgentOptions, RunningAgent } from "../agent.ts";
import { docker } from "../testEngine.ts";
import { type Stack, startStack } from "../testStack.ts";
import type { BuildSettings } from "./builds.ts";
import { startGit, type TestGit } from "./testGit.ts";

export interface TestBuilder {
  readonly stack: Stack;
  readonly git: TestGit;
  readonly agent: string;
  built(build: object, rest?: object): Promise<JobResult>;
  /** The sentence with which it ended. */
  failed(build: object): Promise<string>;
  /** One more agent, with the same settings of builds. */
  another(options: Partial<AgentOptions>): Promise<RunningAgent>;
  close(): Promise<void>;
}

export async function startBuilder(builds: Partial<BuildSettings> = {}): Promise<TestBuilder> {
  const [stack, git] = await Promise.all([startStack(), startGit()]);
  const agents: string[] = [];
  const another = async (options: Partial<AgentOptions>) => {
    const agent = await stack.agent({ builds, parked: 0, ...options });
    agents.push(agent.id);
    return agent;
  };
  const { id } = await another({ allowRanges: ["127.0.0.1/32"] });
  return {
    stack,
    git,
    agent: id,
    another,
    built: (build, rest = {}) => stack.run({ image: undefined, build, ...rest }),
    failed: async (build) => {
      const job = await stack.finished(await stack.submit({ image: undefined, build }));
      if (job.finished?.reason !== "Error") throw new Error(`It did not fail: ${JSON.stringify(job)}`);
      return String(job.finished.result?.error);
    },
    close: async () => {
      await stack.close();
      await git.close();
      for (const agent of agents) await removeBuilt(agent);
    },
  };
}

/** The images that this agent has built. */
export async function removeBuilt(agent: string): Promise<void> {
  const images = async () => new Set(await docker("images", "-q", "--filter", `label=longshore.build.agent=${agent}`));
  for (let left = await images(); left.size > 0; left = await images()) await docker("rmi", "-f", ...left);
}
