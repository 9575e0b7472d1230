// The name of an image, as registries and engines read it. Pure.
// https://pkg.go.dev/github.com/distribution/reference

import type { ImageUsed } from "../../wire/result.ts";
import type { ImageInfo } from "../docker/engineAnswers.ts";

export interface ImageName {
  /** The registry's host, with its port if it has one. */
  readonly registry: string;
  /** What to pull from, as the engine's API takes it: registry and repository. */
  readonly repository: string;
  /** A tag or a digest. Always one: without any the engine would fetch every tag. */
  readonly tag: string;
}

const segment = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const pattern = new RegExp(
  "^(?:(?<host>(?:localhost|[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+|[A-Za-z0-9.-]+(?=:)|\\[[0-9A-Fa-f:]+\\])(?::[0-9]+)?)/)?" +
    `(?<path>${segment}(?:/${segment})*)` +
    "(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$",
);

export const dockerHub = "docker.io";

/** Undefined when it is no image's name. */
export function parseImageName(text: string): ImageName | undefined {
  const groups = pattern.exec(text)?.groups;
  const path = groups?.path;
  if (groups === undefined || path === undefined) return undefined;
  const { host, tag, digest } = groups;
  return {
    registry: host ?? dockerHub,
    repository: host === undefined ? path : `${host}/${path}`,
    tag: digest ?? tag ?? "latest",
  };
}

/** Whether an operator's list has the name: a repository, a repository with a tag, or a beginning that ends in `*`. */
export function isNamedBy(list: readonly string[], name: string): boolean {
  const parsed = parseImageName(name);
  return list.some((entry) => {
    if (entry.endsWith("*")) return name.startsWith(entry.slice(0, -1));
    return entry === name || entry === parsed?.repository || entry === `${parsed?.repository}:${parsed?.tag}`;
  });
}

/** What a result says of the image that ran. A built one has no digest: no registry has it. */
export function imageUsed({ id, digests }: ImageInfo, name: string | undefined): ImageUsed {
  const repository = parseImageName(name ?? "")?.repository;
  const digest = digests.find((each) => each.startsWith(`${repository}@`)) ?? digests[0];
  return { id, ...(digest === undefined ? {} : { digest }) };
}
