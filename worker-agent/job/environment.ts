// The environment of a job's container: the definition's own variables, then ours, which win. Pure.

import type { JobDefinition } from "../../wire/definition.ts";
import { paths } from "../../wire/http.ts";
import type { JobId } from "../../wire/ids.ts";

/** `origin` is the deployment's public address. The devices that a job gets are the first ones that it sees. */
export function environmentOf(
  definition: JobDefinition,
  { id, origin, gpus }: { readonly id: JobId; readonly origin: string; readonly gpus: number },
): Readonly<Record<string, string>> {
  const own = Object.entries(definition.env ?? {}).map(([name, value]) => [name, String(value)] as const);
  const prefix = `${origin}${paths.publicJob(id)}`;
  return Object.fromEntries([
    ...own,
    ["JOB_ID", id],
    ["JOB_INPUTS", "/inputs"],
    ["JOB_OUTPUTS", "/outputs"],
    ["JOB_CACHE", "/job-cache"],
    ["JOB_URL_PREFIX", prefix],
    ["JOB_OUTPUTS_URL_PREFIX", `${prefix}/outputs/`],
    ["JOB_INPUTS_URL_PREFIX", `${prefix}/inputs/`],
    ...(gpus > 0
      ? [["CUDA_VISIBLE_DEVICES", Array.from({ length: gpus }, (_, index) => index).join(",")] as const]
      : []),
  ]);
}
