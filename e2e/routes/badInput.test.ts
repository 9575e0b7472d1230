import { expect, test } from "vitest";
import { definitionBytesMax, jsonBodyBytesMax, jsonDepthMax } from "../../wire/limits.ts";
import { idOf, QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { onEveryShell } from "./everyShell.ts";

const image = { image: "longshore/shell" };
const nested = JSON.parse("[".repeat(jsonDepthMax + 8) + "]".repeat(jsonDepthMax + 8));

/** Bodies of a submission, the status that each deserves, and a word that its sentence has. */
const bodies: readonly (readonly [string, string, number, RegExp])[] = [
  ["nothing", "", 400, /JSON/],
  ["malformed JSON", '{"definition": {', 400, /JSON/],
  ["JSON null", "null", 400, /job/i],
  ["JSON that is no object", "[1, 2]", 400, /./],
  ["no definition", "{}", 400, /definition/],
  ["a definition that is text", '{"definition": "run this"}', 400, /object/],
  ["neither image nor build", '{"definition": {"command": "ls"}}', 400, /image/],
  ["an empty image", '{"definition": {"image": ""}}', 400, /image/],
  ["a build of nothing", submission({ build: { filename: "Dockerfile" } }), 400, /build/],
  ["a command that is a number", submission({ ...image, command: 7 }), 400, /command/],
  ["a variable without a name", submission({ ...image, env: { "": "x" } }), 400, /variable/],
  ["a variable that is an object", submission({ ...image, env: { A: {} } }), 400, /env/],
  ["an input that is no data ref", submission({ ...image, inputs: { a: "text" } }), 400, /data ref/],
  ["an input of an unknown kind", submission({ ...image, inputs: { a: { type: "ftp", value: "x" } } }), 400, /type/],
  ["a duration that is none", submission({ ...image, maxDuration: "soon" }), 400, /duration/i],
  ["a memory size that is none", submission({ ...image, requirements: { memory: "lots" } }), 400, /size/i],
  ["data nested too deeply", submission({ ...image, inputs: { a: { type: "json", value: nested } } }), 400, /nested/],
  ["an id that is not the definition's", submission(image, { id: "0".repeat(64) }), 400, /id is not/],
  ["an id that is none", submission(image, { id: "../x" }), 400, /id/],
  ["a time to run that is none", submission(image, { control: { maxDuration: "soon" } }), 400, /duration/i],
  ["an empty namespace", submission(image, { control: { namespace: "" } }), 400, /namespace/],
  ...["../up", "a/../b", "/etc/../x", "", "a//b", "a/", ".", "nul\0"].map(
    (name) =>
      [
        `the input name ${JSON.stringify(name)}`,
        submission({ ...image, inputs: { [name]: { value: "" } } }),
        400,
        /input name/,
      ] as const,
  ),
  ...["../up", "/proc/x", "/dev/null", "/", "/inputs"].map(
    (name) =>
      [
        `the config file name ${name}`,
        submission({ ...image, configFiles: { [name]: { value: "" } } }),
        400,
        /config file/,
      ] as const,
  ),
  ["a definition over its limit", submission({ ...image, env: { A: "x".repeat(definitionBytesMax) } }), 413, /upload/],
  ["a body over its limit", submission({ ...image, env: { A: "x".repeat(jsonBodyBytesMax) } }), 413, /upload/],
];

function submission(definition: unknown, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ definition, ...more });
}

onEveryShell((shell) => {
  test.each(bodies)(
    "%s is refused with a sentence, and the next submission is taken",
    async (_what, body, status, word) => {
      const api = new QueueApi(shell());
      const response = await api.request(`/q/${api.queue}`, { method: "POST", body });
      expect([response.status, await response.json()]).toEqual([status, { error: expect.stringMatching(word) }]);
      expect(await api.list()).toEqual({});
      expect(await api.submit(uniqueDefinition())).toMatchObject({ success: true });
    },
  );

  test("a body without a length is refused when it has become too large", async () => {
    const api = new QueueApi(shell());
    const chunk = new TextEncoder().encode("x".repeat(64 * 1024));
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += chunk.length;
        if (sent > 4 * jsonBodyBytesMax) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const init = { method: "POST", body, duplex: "half" } as const;
    const response = await api.request(`/q/${api.queue}`, init).catch((error: unknown) => error);
    // The server may also end the connection before all is sent.
    if (response instanceof Response) expect(response.status).toBe(413);
    expect(await api.submit(uniqueDefinition())).toMatchObject({ success: true });
  });

  test.each(["undefined", "null", "%00", "%ff", "a%0ab", "x".repeat(129)])("%s is no queue's name", async (name) => {
    const api = new QueueApi(shell());
    for (const path of [`/q/${name}`, `/q/${name}/status`, `/q/${name}/j`]) {
      const response = await api.request(path);
      expect([path, response.status, await response.json()]).toEqual([path, 400, { error: expect.any(String) }]);
    }
    const response = await api.post(`/q/${name}`, { definition: uniqueDefinition() });
    expect(response.status).toBe(400);
  });

  test.each(["x", "0".repeat(63), "G".repeat(64), `${"0".repeat(64)}0`])("%s is no job's id", async (id) => {
    const api = new QueueApi(shell());
    for (const path of [`/j/${id}`, `/q/${api.queue}/j/${id}/result.json`, `/j/${id}/outputs/a`]) {
      const response = await api.request(path);
      expect([path, response.status >= 400 && response.status < 500]).toEqual([path, true]);
      expect(await response.json()).toEqual({ error: expect.any(String) });
    }
    expect((await api.post(`/q/${api.queue}/j/${id}/cancel`)).status).toBeGreaterThanOrEqual(400);
  });

  test("a file's path that is not percent-encoded UTF-8 is refused", async () => {
    const api = new QueueApi(shell());
    const definition = uniqueDefinition({ inputs: { a: { value: "A" } } });
    await api.submit(definition);
    for (const name of ["%", "%zz", "%ff"]) {
      const response = await api.request(`/q/${api.queue}/j/${idOf(definition)}/inputs/${name}`);
      expect([name, response.status, await response.json()]).toEqual([name, 400, { error: expect.any(String) }]);
    }
  });

  test("a method that a path has not is a 4xx", async () => {
    const api = new QueueApi(shell());
    for (const [method, path] of [
      ["DELETE", "/healthz"],
      ["PUT", `/q/${api.queue}`],
      ["POST", "/f/some-key"],
      ["DELETE", `/f/${"a".repeat(64)}`],
      ["PATCH", `/j/${"a".repeat(64)}`],
    ] as const) {
      const response = await api.request(path, { method });
      expect([path, response.status, await response.json()]).toEqual([path, 404, { error: expect.any(String) }]);
    }
  });
});
