import { describe, expect, test } from "vitest";
import { type Argv, argvOf } from "./command.ts";

interface Words {
  command?: string | string[];
  entrypoint?: string | string[];
}

type Case = readonly [why: string, words: Words, argv: Argv, imageEntrypoint?: readonly string[]];

const env = { NAME: "two words", EMPTY: "" };

const cases: readonly Case[] = [
  ["nothing is the image's own", {}, {}],
  ["blank text is nothing", { command: "  ", entrypoint: "" }, {}],
  ["plain words are split", { command: "python /inputs/a.py --x 1" }, { cmd: ["python", "/inputs/a.py", "--x", "1"] }],
  ["quotes hold words together", { command: `echo 'a b' "c d"` }, { cmd: ["echo", "a b", "c d"] }],
  ["newlines split like spaces", { command: "echo a\nb" }, { cmd: ["echo", "a", "b"] }],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how a shell writes a variable
  ["variables of the job are filled in", { command: "echo $NAME ${EMPTY}x" }, { cmd: ["echo", "two words", "x"] }],
  ["unknown variables are empty", { command: "echo $HOME" }, { cmd: ["echo", ""] }],
  ["also inside double quotes", { command: `echo "$HOME x" "$NAME"` }, { cmd: ["echo", " x", "two words"] }],
  ["a backslash protects a variable and a space", { command: "echo \\$NAME a\\ b" }, { cmd: ["echo", "$NAME", "a b"] }],
  ["empty words in quotes stay", { command: `echo '' ""` }, { cmd: ["echo", "", ""] }],
  [
    "quoted operators, globs and comments are words",
    { command: `echo '*' "&&" '#'` },
    { cmd: ["echo", "*", "&&", "#"] },
  ],
  ["tabs and several spaces split once", { command: " echo\t a   b " }, { cmd: ["echo", "a", "b"] }],
  ["an option with an equals sign is one word", { command: "run --x=1 y=2" }, { cmd: ["run", "--x=1", "y=2"] }],
  ...["a; b", "a > b", "a < b", "a &", "a || b", "(a)", "a $(b)", "ls a?", "a 2>&1"].map(
    (command): Case => [`${command} needs a shell`, { command }, { cmd: ["/bin/sh", "-c", command] }],
  ),
  ["single quotes protect variables", { command: "echo '$NAME'" }, { cmd: ["echo", "$NAME"] }],
  ["brackets, tildes and braces stay", { command: "echo [ab] ~ {a,b}" }, { cmd: ["echo", "[ab]", "~", "{a,b}"] }],
  ["an array passes through", { command: ["sh", "-c", "echo $NAME | cat"] }, { cmd: ["sh", "-c", "echo $NAME | cat"] }],
  [
    "a quoted script stays one word",
    { command: `sh -c "echo a && echo b"` },
    { cmd: ["sh", "-c", "echo a && echo b"] },
  ],
  ["operators need a shell", { command: "echo a && echo b" }, { cmd: ["/bin/sh", "-c", "echo a && echo b"] }],
  ["a pipe needs a shell", { command: "cat /inputs/a | wc -l" }, { cmd: ["/bin/sh", "-c", "cat /inputs/a | wc -l"] }],
  ["a glob needs a shell", { command: "ls /inputs/*.txt" }, { cmd: ["/bin/sh", "-c", "ls /inputs/*.txt"] }],
  ["a comment needs a shell", { command: "echo a # b" }, { cmd: ["/bin/sh", "-c", "echo a # b"] }],
  ["a bad substitution is left to a shell", { command: "echo ${" }, { cmd: ["/bin/sh", "-c", "echo ${"] }],
  [
    "a shell as entrypoint gets the whole text",
    { entrypoint: "sh -c", command: "echo a && echo b" },
    { entrypoint: ["sh", "-c"], cmd: ["echo a && echo b"] },
  ],
  [
    "also when the text is plain, with its variables for the shell to fill in",
    { entrypoint: ["/bin/bash", "-lc"], command: "echo $HOME now" },
    { entrypoint: ["/bin/bash", "-lc"], cmd: ["echo $HOME now"] },
  ],
  [
    "a script in quotes for a shell loses its quotes",
    { entrypoint: "sh -c", command: `"echo a; echo b"` },
    { entrypoint: ["sh", "-c"], cmd: ["echo a; echo b"] },
  ],
  [
    "the image's own shell gets the whole text too",
    { command: "echo a | cat" },
    { cmd: ["echo a | cat"] },
    ["/bin/sh", "-c"],
  ],
  [
    "another entrypoint gets the words",
    { entrypoint: "python -u", command: "a.py b" },
    { entrypoint: ["python", "-u"], cmd: ["a.py", "b"] },
  ],
  [
    "another entrypoint and a glob make one line of shell",
    { entrypoint: ["ls", "-l"], command: "/inputs/*" },
    { entrypoint: ["/bin/sh", "-c"], cmd: ["ls -l /inputs/*"] },
  ],
  [
    "an entrypoint that needs a shell takes the command into its line",
    { entrypoint: "cd /tmp && ls", command: ["a b"] },
    { entrypoint: ["/bin/sh", "-c"], cmd: ["cd /tmp && ls 'a b'"] },
  ],
];

describe("argv of a definition", () => {
  for (const [why, words, argv, imageEntrypoint = []] of cases) {
    test(why, () => {
      expect(argvOf(words, env, imageEntrypoint)).toEqual(argv);
    });
  }
});
