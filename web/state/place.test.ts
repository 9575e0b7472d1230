import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import { checkDefinition } from "../../wire/definition.ts";
import { placeEveryMs } from "../limits.ts";
import { fakeShell } from "../queue/fakeShell.ts";
import { resolveQueue } from "../url/target.ts";
import { followPlace, type Waiting } from "./place.ts";

const check = checkDefinition({ image: "a" });
const state = resolveQueue("q", "https://api.example");
if (!check.ok || state.kind !== "target") throw new Error("unreachable");
const { id } = check.value;
const { target } = state;

test("the place in line is asked for while a job waits, and forgotten when it does not", async () => {
  const shell = fakeShell();
  const waiting = signal<Waiting | undefined>({ target, id });
  let asked = 0;
  let answer: () => Promise<Response> = async () => Response.json({ jobs: { [id]: { state: "Queued", place: 3 } } });
  const place = followPlace(waiting, {
    clock: shell.clock,
    fetch: (url) => {
      asked++;
      expect(String(url)).toBe("https://api.example/q/q/status");
      return answer();
    },
  });
  expect([asked, place.value]).toEqual([0, undefined]);
  shell.advance(placeEveryMs);
  await expect.poll(() => place.value).toBe(3);
  answer = () => Promise.reject(new Error("no network"));
  await expect
    .poll(() => {
      shell.advance(placeEveryMs);
      return asked;
    })
    .toBeGreaterThan(1);
  expect(place.value).toBe(3);
  waiting.value = undefined;
  expect(place.value).toBeUndefined();
  const before = asked;
  shell.advance(10 * placeEveryMs);
  expect(asked).toBe(before);
});
