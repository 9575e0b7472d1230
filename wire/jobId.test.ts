import { expect, test } from "vitest";
import { checkDefinition } from "./definition.ts";
import vectors from "./job-id-vectors.json" with { type: "json" };
import { canonicalForm, hashOfCanonical } from "./jobId.ts";

test.each(vectors)("the id of $name", ({ definition, canonical, id }) => {
  expect(canonicalForm(definition)).toBe(canonical);
  expect(hashOfCanonical(canonical)).toBe(id);
});

test.each(vectors)(
  "$name is a valid definition, and what runs is its canonical form",
  ({ definition, canonical, id }) => {
    const check = checkDefinition(definition);
    expect(check).toMatchObject({ ok: true, value: { id, canonical } });
    if (check.ok) expect(canonicalForm(check.value.definition)).toBe(canonical);
  },
);
