// Names of files inside a job: what a stranger may call an input, an output or a config file.

import * as v from "valibot";
import { pathBytesMax, pathSegmentBytesMax } from "./limits.ts";

const utf8 = new TextEncoder();
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
const control = /[\u0000-\u001f\u007f]/;

/** Why a relative path is refused, or undefined when it stays inside its folder on every file system we write to. */
export function relativePathFault(path: string): string | undefined {
  if (path === "") return "is empty";
  if (control.test(path)) return "contains a control character";
  if (path.startsWith("/")) return "is absolute";
  if (utf8.encode(path).length > pathBytesMax) return `is longer than ${pathBytesMax} bytes`;
  for (const segment of path.split("/")) {
    if (segment === "") return "has an empty segment";
    if (segment === "." || segment === "..") return `has a "${segment}" segment`;
    if (utf8.encode(segment).length > pathSegmentBytesMax)
      return `has a segment longer than ${pathSegmentBytesMax} bytes`;
  }
  return undefined;
}

/** An input may begin with `/` as some pages send it; it means the same as without. */
export function inputPath(name: string): string {
  return name.replace(/^\/+/, "");
}

/** A file below /inputs. */
export const InputName = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const fault = relativePathFault(inputPath(dataset.value));
    if (fault) addIssue({ message: `The input name ${JSON.stringify(dataset.value)} ${fault}.` });
  }),
);

const reservedTargets = /^\/(?:$|proc(?:\/|$)|sys(?:\/|$)|dev(?:\/|$)|(?:inputs|outputs|job-cache)$)/;

/** A config file: below /inputs when relative, at exactly that place in the container when absolute. */
export const ConfigFileName = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const name = dataset.value;
    const fault = relativePathFault(name.startsWith("/") ? name.slice(1) : name);
    if (fault) addIssue({ message: `The config file name ${JSON.stringify(name)} ${fault}.` });
    else if (reservedTargets.test(name))
      addIssue({ message: `The config file name ${JSON.stringify(name)} is reserved.` });
  }),
);
