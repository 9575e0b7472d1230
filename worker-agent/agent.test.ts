// What a job gets and gives, on a real engine with a real edge.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { RunningAgent } from "./agent.ts";
import { containersOf, docker, leftOf } from "./testEngine.ts";
import { image, logText, type Stack, startStack, until } from "./testStack.ts";

const Lines = v.object({
  type: v.literal("JobStatusPayload"),
  payload: v.object({ logs: v.array(v.looseTuple([v.string()])) }),
});

let stack: Stack;
let agent: RunningAgent;

beforeAll(async () => {
  stack = await startStack();
  agent = await stack.agent();
});

afterAll(async () => {
  await stack.close();
  expect(await leftOf(agent.id)).toEqual([]);
});

describe("a job's container", () => {
  test("sees its inputs and its environment, and its files come back", async () => {
    const result = await stack.run({
      command: "cp -r $JOB_INPUTS/. /outputs && env > /outputs/env",
      env: { MINE: "a b", NUMBER: 3, YES: true, JOB_ID: "not this" },
      inputs: { "a.txt": { value: "grün" }, "deep/b.json": { type: "json", value: [1] } },
      configFiles: { "c.txt": { type: "utf8", value: "c" } },
    });
    expect(result.StatusCode).toBe(0);
    expect(Object.keys(result.outputs)).toEqual(["a.txt", "c.txt", "deep/b.json", "env"]);
    expect(result.outputs["a.txt"]).toMatchObject({ type: "base64", value: Buffer.from("grün").toString("base64") });
    const env = Buffer.from(String(result.outputs.env?.value), "base64").toString();
    const id = /^JOB_ID=([0-9a-f]{64})$/m.exec(env)?.[1];
    for (const line of [
      "MINE=a b",
      "NUMBER=3",
      "YES=true",
      "JOB_INPUTS=/inputs",
      "JOB_OUTPUTS=/outputs",
      "JOB_CACHE=/job-cache",
      `JOB_URL_PREFIX=${stack.api}/j/${id}`,
      `JOB_OUTPUTS_URL_PREFIX=${stack.api}/j/${id}/outputs/`,
      `JOB_INPUTS_URL_PREFIX=${stack.api}/j/${id}/inputs/`,
    ]) {
      expect(env.split("\n")).toContain(line);
    }
    expect(result.phases?.map(({ phase }) => phase)).toEqual(["inputs", "image", "run", "outputs"]);
    // What the engine says of a short run may be nothing at all.
    expect(result.duration).toBeGreaterThan(20);
    expect(result.duration).toBeLessThanOrEqual(result.phases?.find(({ phase }) => phase === "run")?.ms ?? 0);
    expect([result.image?.id]).toEqual(await docker("image", "inspect", "--format", "{{.Id}}", image));
  });

  test("has nothing else in / than the image, inputs, outputs and job-cache", async () => {
    const [job, bare] = await Promise.all([
      stack.run({ command: "ls -A /" }),
      docker("run", "--rm", image, "ls", "-A", "/"),
    ]);
    expect(logText(job).split("\n").sort()).toEqual([...bare, "inputs", "job-cache", "outputs"].sort());
  });

  test("has few capabilities, no way to more, and a limit of memory, processes and time", async () => {
    const result = await stack.run({
      command:
        "grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status && cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; true",
    });
    const text = logText(result);
    expect(text).toMatch(/CapEff:\s+00000000000004eb/);
    expect(text).toMatch(/CapBnd:\s+00000000000004eb/);
    expect(text).toMatch(/NoNewPrivs:\s+1/);
    expect(text.split("\n")).toEqual(expect.arrayContaining([String(1024 ** 3), "1024"]));
  });

  test("can't write its inputs, nor what the agent keeps of them", async () => {
    const bytes = "shared content of some length";
    const hash = createHash("sha256").update(bytes).digest("hex");
    await stack.fetch(`/f/${hash}`, { method: "PUT", body: bytes });
    const inputs = { "a.txt": { type: "url", value: `${stack.api}/f/${hash}` }, "b.txt": { type: "key", value: hash } };
    const vandal = await stack.run({
      inputs,
      command: `echo x >> /inputs/a.txt; chmod 666 /inputs/a.txt; rm /inputs/b.txt; touch /inputs/c
        mount -o remount,rw /inputs; mount -o bind,remount,rw /inputs /inputs; umount /inputs; ln /inputs/a.txt /outputs/a
        echo x >> /proc/self/root/inputs/a.txt; echo x >> /proc/1/cwd/inputs/a.txt; truncate -s 0 /inputs/a.txt
        mv /inputs/a.txt /inputs/b.txt; ln -sf /etc/passwd /inputs/a.txt; touch -d 2000-01-01 /inputs/a.txt; true`,
    });
    expect(logText(vandal).match(/Read-only file system/g)?.length).toBeGreaterThanOrEqual(8);
    expect(Object.keys(vandal.outputs)).toEqual([]);
    const reader = await stack.run({ inputs, command: "cat /inputs/a.txt" });
    expect(logText(reader)).toBe(bytes);
  });

  test("finds config files where their names say, and in the folder it asks for", async () => {
    const configFiles = { "/opt/app/set: tings.conf": { type: "utf8", value: "x=1" } };
    const result = await stack.run({
      configFiles,
      workdir: "/opt/app",
      command: ["sh", "-c", "pwd; cat *.conf; echo more >> 'set: tings.conf'"],
    });
    expect(logText(result).split("\n")).toEqual(expect.arrayContaining(["/opt/app", "x=1"]));
    expect(logText(result)).toMatch(/Read-only file system/);
  });

  test("shares /job-cache with the queue's other jobs", async () => {
    await stack.run({ command: "echo kept > /job-cache/note" });
    expect(logText(await stack.run({ command: "cat /job-cache/note" }))).toBe("kept");
  });
});

describe("a job's end", () => {
  test("a program that fails has finished, with its code and its outputs", async () => {
    const id = await stack.submit({ command: "echo half > /outputs/half.txt; echo no >&2; exit 3" });
    const job = await stack.finished(id);
    expect(job.finished?.reason).toBe("Success");
    expect(job.finished?.result).toMatchObject({
      StatusCode: 3,
      isTimedOut: false,
      logs: [["no", expect.any(Number), true]],
    });
    expect(Object.keys(job.finished?.result?.outputs ?? {})).toEqual(["half.txt"]);
  });

  test("large and many outputs go through the store and come back whole", async () => {
    const result = await stack.run({
      command:
        "seq 1 400000 > /outputs/large.txt; mkdir -p /outputs/a/b; for i in $(seq 1 300); do echo $i > /outputs/a/b/$i.txt; done",
    });
    expect(Object.keys(result.outputs)).toHaveLength(301);
    const large = result.outputs["large.txt"];
    expect(large?.type).toBe("url");
    const bytes = Buffer.from(await (await fetch(String(large?.value))).arrayBuffer());
    expect(bytes.length).toBe(result.outputSizes?.["large.txt"]);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(large?.hash);
  });

  test("links, pipes and unusable names are not taken, and the log says so", async () => {
    const result = await stack.run({
      command:
        "cd /outputs && echo x > real && ln -s /etc/passwd link && ln -s / dir && mkfifo pipe && touch $'a\\nb' && ln real hard",
    });
    expect(Object.keys(result.outputs)).toEqual(["hard", "real"]);
    expect(logText(result)).toMatch(/"link" is a link that leads to no file/);
    expect(logText(result)).toMatch(/"pipe" is no regular file/);
  });

  test("a time limit ends it without outputs", async () => {
    const id = await stack.submit({ command: "echo begun; echo x > /outputs/x; sleep 100", maxDuration: "1s" });
    const job = await stack.finished(id);
    expect(job.finished?.reason).toBe("TimedOut");
    expect(job.finished?.result).toMatchObject({
      isTimedOut: true,
      outputs: {},
      error: expect.stringMatching(/time limit of 1 s/),
    });
    expect(await containersOf(id)).toEqual([]);
  });

  test.each<readonly [string, object, RegExp]>([
    [
      "an unknown image",
      { image: "localhost:1/no/such-image:1" },
      /The image "localhost:1\/no\/such-image:1" .*no registry/,
    ],
    ["a name that no image has", { image: "Not An Image" }, /is not the name of an image/],
    ["a program that is not there", { command: "nonsense --now" }, /no program "nonsense"/],
    ["an input that is not there", { inputs: { a: { type: "key", value: "0".repeat(64) } } }, /The input "a" .*404/],
    [
      "an input inside",
      { inputs: { a: { type: "url", value: "http://127.0.0.1:2375/info" } } },
      /not on the public internet/,
    ],
  ])("%s is an Error with a sentence", async (_why, definition, says) => {
    const job = await stack.finished(await stack.submit(definition));
    expect(job.finished?.reason).toBe("Error");
    expect(job.finished?.result?.error).toMatch(says);
  });

  test("operators in an image without a shell are an Error that says how to write it", async () => {
    const bare = `longshore/bare-${crypto.randomUUID().slice(0, 8)}`;
    const made = `id=$(docker create ${image}) && docker export $id | tar -xO --wildcards '*bin/busybox' >"$1/busybox";
      docker rm $id && chmod 755 "$1/busybox" && tar -C "$1" -c busybox | docker import - ${bare}`;
    const folder = await stack.folder();
    await promisify(execFile)("sh", ["-c", made, "sh", folder]);
    onTestFinished(async () => void (await docker("rmi", "-f", bare)));
    expect(logText(await stack.run({ image: bare, command: "/busybox echo fine" }))).toBe("fine");
    const job = await stack.finished(
      await stack.submit({ image: bare, command: "/busybox echo a && /busybox echo b" }),
    );
    expect(job.finished?.result?.error).toMatch(/no program "\/bin\/sh" .*as an array of words/);
  });

  test("cancelling stops the container at once, and the next job runs", async () => {
    const id = await stack.submit({ command: "sleep 100" });
    await stack.running(id);
    const [container = ""] = await containersOf(id);
    const cancelledAt = Date.now();
    await stack.cancel(id);
    await until(
      "the container is gone",
      () => containersOf(id),
      (names) => names.length === 0,
    );
    // Without the TERM, and the five seconds after it, that a process gets which could use them.
    const when = ["--since", String(cancelledAt / 1_000), "--until", String(Date.now() / 1_000)];
    const which = ["--filter", `container=${container}`, "--filter", "event=kill"];
    expect(await docker("events", ...when, ...which, "--format", "{{.Actor.Attributes.signal}}")).toEqual(["9"]);
    expect((await stack.job(id))?.state).toBe("Finished");
    await until(
      "the slot is free",
      () => agent.held(),
      (held) => held === 0,
    );
    expect((await stack.run({ command: "true" })).StatusCode).toBe(0);
  });
});

test("a job that follows a cancelled one waits for its place instead of going back to the queue", async () => {
  const stubborn = "trap 'sleep 2; exit 0' TERM; touch /outputs/ready; while true; do sleep 0.1; done";
  const first = await Promise.all([1, 2].map((i) => stack.submit({ command: ["sh", "-c", `${stubborn} # ${i}`] })));
  await Promise.all(first.map((id) => stack.running(id)));
  for (const id of first) await stack.cancel(id);
  const next = await stack.submit({ command: "echo next" });
  expect((await stack.finished(next)).finished?.reason).toBe("Success");
  expect(stack.events.filter(({ event, job }) => event === "job declined" && job === next)).toEqual([]);
});

describe("a job's log", () => {
  test("keeps streams apart, a last line without an end, and characters whole", async () => {
    const result = await stack.run({ command: "printf 'grün\\nout' && printf 'err' >&2" });
    const lines = result.logs.map(([text, , isStdErr]) => [text, isStdErr === true]);
    expect(lines).toEqual(
      expect.arrayContaining([
        ["grün", false],
        ["out", false],
        ["err", true],
      ]),
    );
  });

  test("reaches those who watch while it runs, whole and in order", async () => {
    const id = await stack.submit({ command: "until [ -e /job-cache/watched ]; do sleep 0.1; done; seq 1 20000" });
    await stack.running(id);
    const lines: string[] = [];
    const socket = new WebSocket(`${stack.api.replace("http", "ws")}/q/${stack.queue}/client`);
    socket.addEventListener("open", () => socket.send(JSON.stringify({ type: "QueryJob", payload: { jobId: id } })));
    const answered = new Promise((resolve) => {
      socket.addEventListener("message", ({ data }) => {
        const message: unknown = JSON.parse(String(data));
        resolve(message);
        const parsed = v.safeParse(Lines, message);
        if (parsed.success) lines.push(...parsed.output.payload.logs.map(([text]) => text));
      });
    });
    await answered;
    await stack.run({ command: "touch /job-cache/watched" });
    await stack.finished(id);
    await until(
      "the last line is there",
      () => lines.at(-1),
      (last) => last === "20000",
    );
    socket.close();
    expect(lines).toEqual(Array.from({ length: 20_000 }, (_, index) => String(index + 1)));
  });

  test("is shortened in the result, with its beginning, its end and a note", async () => {
    const result = await stack.run({ command: "seq 1 200000" });
    expect(result.logs[0]?.[0]).toBe("1");
    expect(result.logs.at(-1)?.[0]).toBe("200000");
    expect(logText(result)).toMatch(/lines are left out here/);
  });
});
