// How images that were built here are called and labelled. The label, not the name, says whose one is.

import type { QueueHash } from "../../wire/ids.ts";
import type { ImageInfo } from "../docker/engineAnswers.ts";

export const builtRepository = "longshore/build";

export const buildLabels = {
  queue: "longshore.build.queue",
  agent: "longshore.build.agent",
} as const;

/** The name of the image with that content for that queue. */
export function builtName(queue: QueueHash, key: string): string {
  return `${builtRepository}:${queue.slice(0, 16)}-${key.slice(0, 32)}`;
}

export function isBuiltName(name: string): boolean {
  return /^(?:docker\.io\/)?longshore\/build(?:$|[:@/])/.test(name);
}

/** The queue that an image was built for, itself or what it is made from. */
export function builtBy({ labels }: ImageInfo): string | undefined {
  return labels[buildLabels.queue];
}
