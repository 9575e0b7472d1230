import { expect, test } from "vitest";
import { pointerIn } from "./lfs.ts";

const oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

test.each<[string, string, number | undefined]>([
  ["as it is written", `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 12345\n`, 12345],
  ["of the first kind", `version https://hawser.github.com/spec/v1\noid sha256:${oid}\nsize 5\n`, 5],
  [
    "with extensions",
    `version https://git-lfs.github.com/spec/v1\next-0-a sha256:${oid}\noid sha256:${oid}\nsize 1`,
    1,
  ],
  ["another file", "version 3\n", undefined],
  ["a text about it", `see version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 1\n`, undefined],
  ["without a size", `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\n`, undefined],
  ["with a path for a hash", "version https://git-lfs.github.com/spec/v1\noid sha256:../../etc\nsize 1\n", undefined],
  ["of another hash", `version https://git-lfs.github.com/spec/v1\noid sha512:${oid}\nsize 1\n`, undefined],
  ["nothing", "", undefined],
])("a pointer, %s", (_what, text, size) => {
  expect(pointerIn(Buffer.from(text))).toEqual(size === undefined ? undefined : { oid, size });
});
