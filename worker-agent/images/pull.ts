// One pull, told to who waits for it.

import type { Engine } from "../docker/engine.ts";
import { isEngineLoss } from "../docker/engineAnswers.ts";
import { JobFault, messageOf } from "../fault.ts";
import { progressEveryMs } from "../limits.ts";
import { within } from "../retry.ts";
import type { World } from "../world.ts";
import type { ImageWatcher } from "./audience.ts";
import { linesOf } from "./engineLines.ts";
import type { ImageName } from "./imageName.ts";
import { pullMs, pullSilenceMs } from "./limits.ts";
import type { Login } from "./logins.ts";
import { PullEvent, PullProgress, pullFault } from "./pullProgress.ts";

export interface Pull {
  readonly engine: Engine;
  readonly world: World;
  /** As the job wrote it. */
  readonly name: string;
  readonly parsed: ImageName;
  readonly login: Login | undefined;
}

/** @throws JobFault with a sentence when the registry or the engine does not give it. */
export async function pull(
  { engine, world, name, parsed, login }: Pull,
  tell: ImageWatcher,
  signal: AbortSignal,
): Promise<void> {
  const { registry, repository, tag } = parsed;
  const limited = within(pullMs, signal);
  const progress = new PullProgress();
  let toldAt = world.elapsed();
  const reference = `${repository}${tag.includes(":") ? "@" : ":"}${tag}`;
  tell.line(`Pulling ${reference} from ${registry}${login ? " with this agent's login" : ""}`, "docker image pull");
  try {
    const stream = await engine.images.pull(repository, tag, login, limited);
    for await (const event of linesOf(stream, PullEvent, pullSilenceMs)) {
      const fault = event.errorDetail?.message ?? event.error;
      if (fault !== undefined) throw new JobFault(pullFault(name, registry, fault));
      const line = progress.add(event);
      if (line !== undefined) tell.line(line, "docker image pull");
      const note = progress.note();
      if (note === undefined || world.elapsed() - toldAt < progressEveryMs) continue;
      toldAt = world.elapsed();
      tell.progress(note);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof JobFault) throw error;
    if (limited.aborted)
      throw new JobFault(`The pull of ${JSON.stringify(name)} took longer than ${pullMs / 60_000} minutes.`);
    if (isEngineLoss(error)) throw error;
    throw new JobFault(pullFault(name, registry, messageOf(error)), { cause: error });
  }
}
