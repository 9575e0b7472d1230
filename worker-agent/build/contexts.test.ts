// Where builds come from: real git over HTTP and archives, on this machine.

import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docker } from "../testEngine.ts";
import { startBuilder, type TestBuilder } from "./testBuilder.ts";
import { token } from "./testGit.ts";

const from = "FROM longshore/shell";
let builder: TestBuilder;

beforeAll(async () => {
  builder = await startBuilder();
});

afterAll(() => builder.close());

describe("a git repository", () => {
  test("is built at its default branch, a branch with slashes, a folder of it, a tag and a commit", async () => {
    const dockerfile = `${from}\nCOPY . /app\nCMD cat /app/name`;
    const main = await builder.git.commit("o/r.git", "main", {
      Dockerfile: dockerfile,
      name: "main",
      "sub/name": "sub",
      "sub/Dockerfile": dockerfile,
    });
    await builder.git.tag("o/r.git", "v1");
    await builder.git.commit("o/r.git", "feature/x", { name: "feature", "sub/name": "feature sub" });
    const said = async (path: string, build: object = {}) =>
      (await builder.built({ context: `${builder.git.origin}/o/r.git${path}`, ...build })).logs.at(-1)?.[0];
    const cases: readonly (readonly [name: string, path: string, build?: object])[] = [
      ["main", ""],
      ["feature", "/tree/feature/x"],
      ["feature sub", "/tree/feature/x/sub"],
      ["main", "/tree/v1"],
      ["main", `/commit/${main}`],
      ["main", `/commit/${main.slice(0, 9)}`],
      ["sub", "", { buildContext: "sub" }],
      ["sub", "", { buildContext: "sub", filename: "Dockerfile" }],
      ["main", "", { dockerfile: `${from}\nCOPY name /x\nCMD cat /x` }],
    ];
    // As many as there are slots at a time.
    expect(await Promise.all(cases.map(([, path, build]) => said(path, build)))).toEqual(cases.map(([name]) => name));
  });

  test("has files that get another mode, and what the builder must be told of them", async () => {
    const dockerfile = `${from}\nCOPY --chmod=751 bin/*.sh /x/\nCOPY --chmod=640 . /y\nCOPY bin /z\nCMD stat -c '%n %a' /x/a.sh /y/bin/a.sh /y/bin /z/a.sh`;
    await builder.git.commit("o/modes.git", "main", { Dockerfile: dockerfile, "bin/a.sh": "x", "bin/b.txt": "x" });
    const result = await builder.built({ context: `${builder.git.origin}/o/modes.git` });
    expect(result.logs.map(([text]) => text).slice(-4)).toEqual([
      "/x/a.sh 751",
      "/y/bin/a.sh 640",
      "/y/bin 640",
      "/z/a.sh 644",
    ]);
  });

  test("is fetched once for a burst of jobs", async () => {
    await builder.git.commit("o/burst.git", "main", { Dockerfile: `${from}\nCMD echo done` });
    const before = builder.git.asked(/burst.git/);
    await Promise.all([1, 2, 3].map(() => builder.built({ context: `${builder.git.origin}/o/burst.git` })));
    await builder.built({ context: `${builder.git.origin}/o/burst.git` });
    // The list of refs for its commit, and again with the fetch, which asks twice.
    expect(builder.git.asked(/burst.git/) - before).toBeLessThanOrEqual(5);
  });

  test("has its submodules and its files of Git LFS, as far as they may be read here; the log names the others", async () => {
    const { git } = builder;
    const url = (name: string, address: string) => `[submodule "${name}"]\n  path = ${name}\n  url = ${address}\n`;
    const deep = await git.commit("o/deep.git", "main", { deep: "deep" });
    const lib = await git.commit(
      "o/lib.git",
      "main",
      { lib: "", ".gitmodules": url("in", "../deep.git") },
      { in: deep },
    );
    const secret = await git.commit("private/lib.git", "main", { x: "x" });
    const addresses = {
      "app/lib": "../lib.git",
      "app/secret": `${git.origin}/private/lib.git`,
      "app/inside": "http://127.0.0.2:1/o/lib.git",
      "app/file": "/etc",
    };
    const modules = Object.entries(addresses).map(([name, address]) => url(name, address));
    const commits = { "app/lib": lib, "app/secret": secret, "app/inside": lib, "app/file": lib, "app/none": lib };
    const lfs = (oid: string, size: number) =>
      `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${size}\n`;
    const model = Buffer.alloc(100_000, "m");
    const oid = createHash("sha256").update(model).digest("hex");
    git.serve(`/lfs/${oid}`, model);
    const dockerfile = `${from}\nCOPY . /x\nCMD cd /x && find . -type f | sort && sha256sum <model`;
    const files = {
      "app/Dockerfile": dockerfile,
      "app/gone": lfs("a".repeat(64), 5),
      "app/model": lfs(oid, model.length),
      ".gitmodules": modules.join(""),
      ".gitattributes": "kept export-ignore",
      "app/kept": "",
    };
    await git.commit("o/super.git", "main", files, commits);
    const { logs } = await builder.built({ context: `${git.origin}/o/super.git/tree/main/app` });
    const lines = logs.map(([text]) => text);
    expect(lines.slice(-8)).toEqual([
      "./Dockerfile",
      "./gone",
      "./kept",
      "./lib/.gitmodules",
      "./lib/in/deep",
      "./lib/lib",
      "./model",
      `${oid}  -`,
    ]);
    expect(lines).toEqual(
      expect.arrayContaining([
        `Fetching the submodule lib/in from ${git.origin}/o/deep.git at ${deep}`,
        expect.stringMatching(
          /^The submodule secret is not in the context: There is no git repository .* for everyone/,
        ),
        expect.stringMatching(/^The submodule inside is not in the context: .*not on the public internet/),
        'The submodule file is not in the context: its address "/etc" can\'t be read over https.',
        "The submodule none is not in the context: .gitmodules has no address for it.",
        "Of files of Git LFS the context has only pointers: gone. The LFS server says: not here.",
      ]),
    );
    // What another try may bring is not left out of an image that is kept.
    await git.commit(
      "o/away.git",
      "main",
      { Dockerfile: from, ".gitmodules": url("a", "http://127.0.0.1:1/a") },
      { a: lib },
    );
    expect(await builder.failed({ context: `${git.origin}/o/away.git` })).toMatch(/could not be reached/);
  });

  test("that is private needs its token, which nobody sees", async () => {
    await builder.git.commit("private/r.git", "main", {
      Dockerfile: `${from}\nCOPY . /app\nCMD cat /app/secret`,
      secret: "inside",
    });
    const context = builder.git.origin.replace("//", `//${token}@`);
    const result = await builder.built({ context: `${context}/private/r.git` });
    expect(result.logs.at(-1)?.[0]).toBe("inside");
    expect(JSON.stringify(result)).not.toContain(token);
    expect(JSON.stringify(builder.stack.events)).not.toContain(token);
    expect((await docker("history", "--no-trunc", String(result.image?.id))).join("\n")).not.toContain(token);
    expect(await builder.failed({ context: `${builder.git.origin}/private/r.git` })).toMatch(
      /put a token that may read it into the address/,
    );
    expect(await builder.failed({ context: `${builder.git.origin.replace("//", "//wrong@")}/private/r.git` })).toMatch(
      /refused the token/,
    );
  });

  test("never leads elsewhere than the guard allows", async () => {
    expect(await builder.failed({ context: "http://127.0.0.2:1/o/r.git" })).toMatch(
      /127\.0\.0\.2 .*not on the public internet/,
    );
    expect(await builder.failed({ context: `${builder.git.origin}/away/r.git` })).toMatch(
      /127\.0\.0\.2 .*not on the public internet/,
    );
    expect(await builder.failed({ dockerfile: `${from}\nADD http://127.0.0.2:1/x /x` })).toMatch(
      /127\.0\.0\.2 .*not on the public internet/,
    );
  });
});

describe("an archive", () => {
  test.each<readonly [string, readonly string[]]>([
    ["tar", ["tar", "c", "."]],
    ["tar.gz", ["tar", "cz", "top"]],
    [
      "zip",
      [
        "python3",
        "-c",
        "import shutil,sys; sys.stdout.buffer.write(open(shutil.make_archive('../'+sys.argv[1],'zip','.'),'rb').read())",
        crypto.randomUUID(),
      ],
    ],
  ])("%s is a context, its only top folder its root", async (kind, [program = "", ...args]) => {
    const files = {
      "top/Dockerfile": `${from}\nCOPY . /app\nCMD ls -A /app`,
      "top/run.sh": "x",
      "top/out.log": "x",
      "top/.dockerignore": "*.log",
    };
    builder.git.serve(`/context.${kind}`, await builder.git.packed(files, program, ...args));
    const result = await builder.built({ context: `${builder.git.origin}/context.${kind}` });
    expect(result.logs.map(([text]) => text).slice(-3)).toEqual([".dockerignore", "Dockerfile", "run.sh"]);
  });

  test.each(["../out", "/out", "a/../../out"])("with a file called %s is refused", async (name) => {
    builder.git.serve(
      "/evil.tar",
      await builder.git.packed({ x: "FROM x" }, "tar", "c", "-P", `--transform=s|^x$|${name}|`, "x"),
    );
    expect(await builder.failed({ context: `${builder.git.origin}/evil.tar?${crypto.randomUUID()}` })).toMatch(
      /names a file outside of itself/,
    );
  });
});
