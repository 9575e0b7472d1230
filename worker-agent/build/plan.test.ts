// What the engine's builder gets for a Dockerfile, and what the agent fetches for it first.

import { describe, expect, test } from "vitest";
import { ignoring } from "./ignore.ts";
import { type PlanOptions, planBuild } from "./plan.ts";

const options: PlanOptions = {
  buildArgs: new Map(),
  platform: "linux/amd64",
  settings: new Map(),
  certificates: false,
  unpacks: true,
};
const mark = 'LABEL q="1"';

function planned(dockerfile: string, changes: Partial<PlanOptions> = {}) {
  const plan = planBuild(dockerfile, { ...options, ...changes });
  const given = { idOf: (image: string) => `<${image}>`, extras: "<extras>", labels: { q: "1" } };
  const { dockerfile: text, steps } = plan.write(given);
  return { ...plan, lines: text.trimEnd().split("\n"), steps };
}

describe("a Dockerfile", () => {
  test("keeps its instructions, and its images are named by their ids", () => {
    const { lines, images, steps } = planned(
      '# about\nfrom python:3.12 as base\nRUN a && \\\n # why\n\n  b\nCMD ["x"]\n',
    );
    expect(images).toEqual(["python:3.12"]);
    expect(lines).toEqual(["FROM <python:3.12> AS base", mark, "RUN a &&   b", 'CMD ["x"]']);
    expect(steps).toEqual(["FROM python:3.12 as base", undefined, "RUN a && b", 'CMD ["x"]']);
  });

  test("has stages, which are no images", () => {
    const { lines, images } = planned(
      "FROM a AS One\nFROM one\nCOPY --from=One /x /y\nCOPY --from=0 /x /y\nFROM scratch\nCOPY --from=b:2 /x /y",
    );
    expect(images).toEqual(["a", "b:2"]);
    expect(lines).toEqual([
      "FROM <a> AS one",
      mark,
      "FROM one",
      mark,
      'COPY --from=one ["/x","/y"]',
      'COPY --from=0 ["/x","/y"]',
      "FROM scratch",
      mark,
      'COPY --from=<b:2> ["/x","/y"]',
    ]);
  });

  test("has arguments, of which the definition's win", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of an address or a Dockerfile.
    const text = "ARG BASE=a\nARG TAG\nFROM ${BASE}:${TAG:-latest}\nFROM --platform=$TARGETPLATFORM $BASE-$TARGETARCH";
    expect(planned(text).images).toEqual(["a:latest", "a-amd64"]);
    expect(
      planned(text, {
        buildArgs: new Map([
          ["BASE", "b"],
          ["TAG", "2"],
        ]),
      }).images,
    ).toEqual(["b:2", "b-amd64"]);
  });

  test("gets what newer builders know by themselves", () => {
    const { lines } = planned(
      "FROM a\nARG TARGETARCH\nRUN --mount=type=cache,target=/root/.cache make\nCOPY --link . /x\nRUN <<EOF\nset -e\n# kept\nmake\nEOF\nUSER x",
    );
    expect(lines.slice(2)).toEqual([
      "ARG TARGETARCH=amd64",
      "RUN make",
      'COPY [".","/x"]',
      'RUN ["/bin/sh","-c","set -e\\n# kept\\nmake\\n"]',
      "USER x",
    ]);
  });

  test("has mounts of files, which are copied, and of secrets, of which there are none", () => {
    const { lines } = planned(
      "FROM a AS b\nFROM c\nRUN --mount=type=bind,source=r.txt,target=r.txt --mount=from=b,target=/b --mount=type=secret,id=x install",
    );
    expect(lines.slice(-3)).toEqual(['COPY  ["r.txt","r.txt"]', 'COPY --from=b ["/","/b"]', "RUN install"]);
  });

  test("copies a text that it holds itself", () => {
    const { lines, extras } = planned("FROM a\nENV N=1\nCOPY <<a.txt <<'b.txt' /x/\nn=$N\na.txt\nn=$N\nb.txt\n");
    expect(extras).toEqual([
      { path: "extra/0/a.txt", mode: undefined, from: { text: "n=1\n" } },
      { path: "extra/1/b.txt", mode: undefined, from: { text: "n=$N\n" } },
    ]);
    expect(lines.slice(3)).toEqual([
      'COPY --from=<extras> ["/extra/0/a.txt","/x/"]',
      'COPY --from=<extras> ["/extra/1/b.txt","/x/"]',
    ]);
  });

  test("gives files another mode as it copies them", () => {
    const { lines, extras } = planned(
      "FROM a\nCOPY --chmod=0755 --chown=1 ./bin/*.sh run.sh /x/\nCOPY --chmod=700 . /y",
    );
    expect(extras).toEqual([
      { path: "extra/0", mode: 0o755, from: { context: "bin" } },
      { path: "extra/1", mode: 0o755, from: { context: "run.sh" } },
      { path: "extra/2", mode: 0o700, from: { context: "" } },
    ]);
    expect(lines.slice(2)).toEqual([
      'COPY --chown=1 --from=<extras> ["/extra/0/bin/*.sh","/x/"]',
      'COPY --chown=1 --from=<extras> ["/extra/1/run.sh","/x/"]',
      'COPY --from=<extras> ["/extra/2/","/y"]',
    ]);
  });

  test("never makes the engine fetch an address", () => {
    const { lines, extras } = planned(
      'FROM a\nARG V=1\nENV HOST http://h\nADD https://e.org/f-$V.tgz local.tar /x/\nADD $HOST/y /y\nADD $UNKNOWN /z\nADD --chown=1 ["http://169.254.169.254/a b", "/m"]',
    );
    expect(extras.map(({ from }) => from)).toEqual([
      { url: "https://e.org/f-1.tgz" },
      { url: "http://h/y" },
      { url: "http://169.254.169.254/a%20b" },
    ]);
    expect(lines.slice(4)).toEqual([
      'COPY --from=<extras> ["/extra/0/f-1.tgz","/x/"]',
      'ADD ["./local.tar","/x/"]',
      'COPY --from=<extras> ["/extra/1/y","/y"]',
      'ADD ["./$UNKNOWN","/z"]',
      'COPY --chown=1 --from=<extras> ["/extra/2/a%20b","/m"]',
    ]);
  });

  test("unpacks nothing where the operator has no reason to trust it", () => {
    const add = (words: string) => planned(`FROM a\nENV NAME=x.tar.gz\n${words}`, { unpacks: false });
    expect(add("ADD --chown=1 . /x").lines.at(-1)).toBe('COPY --chown=1 ["./.","/x"]');
    expect(add("ADD innocent /x").lines.at(-1)).toBe('COPY ["./innocent","/x"]');
    for (const words of ["ADD a.tar /", "ADD *.tgz b /", "ADD $NAME /", "ADD a.tar.xz /"])
      expect(() => add(words)).toThrow(/^Line 3 of the Dockerfile: ADD unpacks archives only where .*COPY it/);
    expect(() => add("ONBUILD ADD . /x")).toThrow(/has ONBUILD ADD/);
    expect(planned("FROM a\nADD a.tar /").lines.at(-1)).toBe('ADD ["./a.tar","/"]');
  });

  test("gets what its host's operator gives, which leaves nothing in the image's environment", () => {
    const settings = new Map([
      ["HTTPS_PROXY", "http://p"],
      ["PIP_INDEX_URL", "http://i"],
    ]);
    const { lines } = planned("FROM a\nFROM scratch", { settings, certificates: true });
    expect(lines.slice(2, 5)).toEqual([
      "ARG PIP_INDEX_URL",
      "COPY --from=<extras> /certificates.pem /usr/local/share/longshore/certificates.pem",
      "ARG SSL_CERT_FILE=/usr/local/share/longshore/certificates.pem",
    ]);
    expect(lines.slice(-2)).toEqual(["FROM scratch", mark]);
  });

  test.each<readonly [string, RegExp]>([
    ["", /is empty/],
    ["RUN x", /comes before the first FROM/],
    ["ARG A=1", /has no FROM/],
    ["FROM a\nRNU x", /Line 2 .*"RNU", which is no instruction/],
    ["FROM a\nRUN --mount=type=secret,id=x,required=true cat /run/secrets/x", /Line 2 .*--mount=.* can't be used/],
    ["FROM a\nRUN --network=host x", /--network=host can't be used/],
    ["FROM a\nCOPY --chmod=u+x a b", /COPY --chmod can't be used here/],
    ["FROM a AS x\nFROM a\nCOPY --from=x --chmod=755 a b", /--chmod can't be used here for files of another stage/],
    ["FROM a\nCOPY --chmod=755 ../a b", /must be plain what is copied/],
    ["FROM $NAME", /can't be told which image/],
    ["FROM a\nCOPY --from=7 a b", /no earlier stage and no image/],
    ["FROM a\nCOPY a", /needs what to copy/],
    ["FROM a\nONBUILD ADD http://169.254.169.254/ /x", /has ONBUILD ADD/],
    ["FROM a\nONBUILD COPY --from=private /x /x", /has ONBUILD COPY/],
    ["# escape=`\nFROM a", /Windows/],
  ])("%j is none, and the sentence says why", (text, says) => {
    expect(() => planned(text)).toThrow(says);
  });
});

describe("an ignore file", () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ["node_modules\n*.log", ["node_modules", "node_modules/a/b", "x.log"], ["a/x.log", "a/node_modules", "a"]],
    ["**/node_modules\n**/*.log", ["node_modules", "a/b/node_modules/x", "a/x.log", "x.log"], ["a"]],
    ["*\n!src\n!a/b.txt", ["x", "a/c.txt"], ["src", "src/x/y", "a/b.txt"]],
    ["# no\n\n/a?.txt\n./b/", ["ab.txt", "b/x"], ["a.txt", "c/ab.txt", "# no"]],
    ["[a-c].txt\nd\\*\n[^x]y", ["b.txt", "d*", "ay"], ["d.txt", "dd", "xy"]],
    ["[z-a]\n(x", ["(x"], ["z"]],
  ])("%j", (text, out, kept) => {
    const leaves = ignoring(text);
    expect(out.filter((path) => !leaves(path))).toEqual([]);
    expect(kept.filter(leaves)).toEqual([]);
  });
});
