// What an address of a build means.

import { describe, expect, test } from "vitest";
import { findCommit, refsIn } from "./gitRefs.ts";
import { parseSource } from "./source.ts";

const head = { at: "head", folder: [] };

describe("an address", () => {
  test.each<readonly [string, string, object]>([
    ["https://github.com/owner/repo", "https://github.com/owner/repo.git", head],
    ["https://www.github.com/owner/repo.git", "https://www.github.com/owner/repo.git", head],
    ["https://github.com/owner/x.github.io", "https://github.com/owner/x.github.io.git", head],
    ["https://github.com/o/r/tree/main", "https://github.com/o/r.git", { at: "path", parts: ["main"] }],
    ["https://github.com/o/r/tree/a/b%20c", "https://github.com/o/r.git", { at: "path", parts: ["a", "b c"] }],
    [
      "https://github.com/o/r/commit/abc1234",
      "https://github.com/o/r.git",
      { at: "commit", commit: "abc1234", folder: [] },
    ],
    ["https://github.com/o/r/releases/tag/v1", "https://github.com/o/r.git", { at: "path", parts: ["v1"] }],
    [
      "https://github.com/o/r.git#v1:docker/x",
      "https://github.com/o/r.git",
      { at: "path", parts: ["v1", "docker", "x"] },
    ],
    ["https://github.com/o/r#:docker", "https://github.com/o/r.git", { at: "head", folder: ["docker"] }],
    ["https://gitlab.com/g/sub/p", "https://gitlab.com/g/sub/p.git", head],
    [
      "https://gitlab.com/g/sub/p/-/tree/main/d",
      "https://gitlab.com/g/sub/p.git",
      { at: "path", parts: ["main", "d"] },
    ],
    [
      "https://git.example.org/g/p/-/commit/abcdef0",
      "https://git.example.org/g/p.git",
      { at: "commit", commit: "abcdef0", folder: [] },
    ],
    ["https://bitbucket.org/o/r/src/main/d", "https://bitbucket.org/o/r.git", { at: "path", parts: ["main", "d"] }],
    [
      "https://codeberg.org/o/r/src/branch/main/d",
      "https://codeberg.org/o/r.git",
      { at: "path", parts: ["main", "d"] },
    ],
    [
      "https://codeberg.org/o/r/src/commit/abcdef0/d",
      "https://codeberg.org/o/r.git",
      { at: "commit", commit: "abcdef0", folder: ["d"] },
    ],
    ["http://127.0.0.1:80/deep/er/r.git/tree/x", "http://127.0.0.1/deep/er/r.git", { at: "path", parts: ["x"] }],
  ])("%s", (context, url, point) => {
    expect(parseSource(context)).toEqual({ kind: "git", url, credential: undefined, point });
  });

  test.each([
    "https://example.org/a.tar.gz",
    "https://example.org/a.zip?token=x",
    "https://api.github.com/repos/o/r/tarball/main",
    "https://github.com/o/r/archive/refs/heads/main.zip",
    "https://example.org/no-name",
  ])("%s is an archive", (context) => {
    expect(parseSource(context)).toEqual({ kind: "archive", url: context });
  });

  test("its token is apart from it, so that it is in no sentence", () => {
    const source = parseSource("https://ann:s%3Acret@github.com/o/r/tree/main");
    expect(source).toMatchObject({
      url: "https://github.com/o/r.git",
      credential: { username: "ann", password: "s:cret" },
    });
  });

  test.each<readonly [string, RegExp]>([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of an address or a Dockerfile.
    ["https://github.com/o/r/tree/${tag}", /still has \$\{tag\} in it/],
    ["git@github.com:o/r.git", /write https:\/\/github\.com\/o\/r\.git/],
    ["file:///etc", /can't be built/],
    ["ftp://example.org/a.tar.gz", /can't be built/],
    ["repo", /can't be built/],
    ["https://github.com/owner", /names no repository/],
    ["https://github.com/o/r/blob/main/Dockerfile", /is one file.*\/tree\//],
    ["https://github.com/o/r/issues/1", /can't be built/],
  ])("%s is none, and the sentence says why", (context, says) => {
    expect(() => parseSource(context)).toThrow(says);
  });
});

describe("a path after a repository", () => {
  const [main, feature, tag, peeled] = ["a", "b", "c", "d"].map((digit) => digit.repeat(40));
  const refs = refsIn(
    [
      `${main}\tHEAD`,
      `${main}\trefs/heads/main`,
      `${feature}\trefs/heads/feature/x`,
      `${tag}\trefs/tags/v1`,
      `${peeled}\trefs/tags/v1^{}`,
      `${feature}\trefs/pull/1/head`,
    ].join("\n"),
  );
  test.each<readonly [string, string | undefined, string]>([
    ["main", main, ""],
    ["main/docker/x", main, "docker/x"],
    ["feature/x", feature, ""],
    ["feature/x/y", feature, "y"],
    ["v1/y", peeled, "y"],
    ["abcdef012/y", "abcdef012", "y"],
  ])("%s is a commit and a folder", (path, commit, folder) => {
    const found = findCommit(refs, { at: "path", parts: path.split("/") }, "it");
    expect(found).toEqual({ commit, folder: folder.split("/").filter((part) => part !== "") });
  });

  test("that is no branch is told with those that there are", () => {
    const look = () => findCommit(refs, { at: "path", parts: ["feature", "y"] }, "https://github.com/o/r");
    expect(look).toThrow(/has no branch or tag "feature\/y"\. It has main, feature\/x\./);
  });
});
