// For the tests of this folder: an edge, an agent that builds, and a git host.

import type { JobResult } from "../../wire/result.ts";
import { docker } from "../testEngine.ts";
import { type Stack, startStack } from "../testStack.ts";
import type { BuildSettings } from "./builds.ts";
import { startGit, type TestGit } from "./testGit.ts";

export interface TestBuilder {
  readonly stack: Stack;
  readonly git: TestGit;
  readonly agent: string;
  readonly builds: Partial<BuildSettings>;
  built(build: object, rest?: object): Promise<JobResult>;
  /** The sentence with which it ended. */
  failed(build: object): Promise<string>;
  /** What an agent has built. */
  remove(agent: string): Promise<void>;
  close(): Promise<void>;
}

export async function startBuilder(builds: Partial<BuildSettings> = {}): Promise<TestBuilder> {
  const [stack, git] = await Promise.all([startStack(), startGit()]);
  const agent = await stack.agent({ allowRanges: ["127.0.0.1/32"], builds, parks: false });
  const builder: TestBuilder = {
    stack,
    git,
    agent: agent.id,
    builds,
    built: (build, rest = {}) => stack.run({ image: undefined, build, ...rest }),
    failed: async (build) => {
      const job = await stack.finished(await stack.submit({ image: undefined, build }));
      if (job.finished?.reason !== "Error") throw new Error(`It did not fail: ${JSON.stringify(job)}`);
      return String(job.finished.result?.error);
    },
    remove: async (id) => {
      const images = async () => new Set(await docker("images", "-q", "--filter", `label=longshore.build.agent=${id}`));
      for (let left = await images(); left.size > 0; left = await images()) await docker("rmi", "-f", ...left);
    },
    close: async () => {
      await stack.close();
      await git.close();
      await builder.remove(agent.id);
    },
  };
  return builder;
}
