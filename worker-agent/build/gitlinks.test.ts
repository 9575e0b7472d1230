import { expect, test } from "vitest";
import { submoduleSource } from "./gitlinks.ts";
import type { GitSource } from "./gitProgram.ts";

const parent: GitSource = {
  kind: "git",
  url: "https://git.example/owner/repo.git",
  credential: { username: "token", password: "" },
  point: { at: "head", folder: [] },
};

test.each<[url: string | undefined, address: string | undefined, withToken?: boolean]>([
  ["../other.git", "https://git.example/owner/other.git", true],
  ["./inner", "https://git.example/owner/repo.git/inner", true],
  ["../../else/other.git", "https://git.example/else/other.git", false],
  ["https://git.example/owner/other", "https://git.example/owner/other", true],
  ["https://git.example/stranger/other", "https://git.example/stranger/other", false],
  ["https://owner:pass@other.example/owner/x.git?a#b", "https://other.example/owner/x.git", false],
  ["http://git.example/owner/x.git", "http://git.example/owner/x.git", false],
  ["git@git.example:owner/x.git", "https://git.example/owner/x.git", true],
  ["ssh://git@git.example/owner/x.git", "https://git.example/owner/x.git", true],
  ["../../../../../../x", "https://git.example/x", false],
  ["/etc/passwd", undefined],
  ["file:///etc", undefined],
  ["ext::sh -c id", undefined],
  ["git://git.example/x", undefined],
  ["--upload-pack=id", undefined],
  ["https://", undefined],
  ["", undefined],
  [undefined, undefined],
])("a submodule at %j is read from %j", (url, address, withToken = false) => {
  const source = submoduleSource(url, "c".repeat(40), parent);
  expect(source?.url).toBe(address);
  expect(source?.credential !== undefined).toBe(withToken);
});
