import * as v from "valibot";
import { expect, test } from "vitest";
import { sentenceOf } from "./sentence.ts";

const schema = v.object({
  name: v.optional(v.string()),
  words: v.optional(v.union([v.string(), v.array(v.string())])),
  count: v.optional(v.pipe(v.number(), v.minValue(0))),
  debug: v.optional(v.boolean()),
  inner: v.optional(v.object({ must: v.unknown(), list: v.optional(v.array(v.number())) })),
  own: v.optional(v.pipe(v.string(), v.minLength(1, "A name has a letter."))),
  state: v.optional(v.picklist(["Queued", "Finished"])),
});

test.each([
  ["text", 'This must be an object, not "text".'],
  [{ name: 7 }, "`name` must be text, not 7."],
  [{ name: {} }, "`name` must be text, not an object."],
  [{ words: 7 }, "`words` must be text or a list, not 7."],
  [{ count: -1 }, "`count` must be at least 0, not -1."],
  [{ debug: "yes" }, '`debug` must be true or false, not "yes".'],
  [{ inner: {} }, "`inner.must` is missing."],
  [{ inner: { must: 1, list: [1, "2"] } }, '`inner.list.1` must be a number, not "2".'],
  [{ own: "" }, "own: A name has a letter."],
  [{ state: "Running" }, '`state` must be "Queued" or "Finished", not "Running".'],
])("%j", (value, sentence) => {
  const parsed = v.safeParse(schema, value);
  expect(parsed.success ? undefined : sentenceOf(parsed.issues)).toBe(sentence);
});
