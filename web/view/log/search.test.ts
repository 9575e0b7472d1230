import { expect, test } from "vitest";
import { LogStore } from "../../state/logStore.ts";
import { firstError, queryOf, search } from "./search.ts";

function storeOf(...lines: readonly (string | { readonly err: string })[]): LogStore {
  const store = new LogStore();
  for (const line of lines)
    store.push(
      typeof line === "string"
        ? { text: line, time: 0, kind: "out", isBuild: false }
        : { text: line.err, time: 0, kind: "err", isBuild: false },
    );
  return store;
}

async function found(text: string, store: LogStore): Promise<readonly number[]> {
  const query = queryOf(text);
  const matches: number[] = [];
  if (query.kind === "query")
    await search(store, query.pattern, 0, new AbortController().signal, (some) => matches.push(...some));
  return matches;
}

test("words are found as they are read, whatever their colour or capitals", async () => {
  const store = storeOf("an \u001b[31mErr\u001b[0mor", "a.b", "axb", "nothing");
  expect(await found("error", store)).toEqual([0]);
  expect(await found("a.b", store)).toEqual([1]);
  expect(await found("/a.b/", store)).toEqual([1, 2]);
});

test.each([
  ["", "none"],
  ["/(/", "broken"],
  ["/x*/", "broken"],
  ["(", "query"],
  ["/", "query"],
])("the query %j is %s", (text, kind) => {
  expect(queryOf(text).kind).toBe(kind);
});

test("the first error is one on stderr, else one anywhere", () => {
  expect(firstError(storeOf("error in stdout", { err: "warning" }, { err: "Traceback (most recent call last)" }))).toBe(
    2,
  );
  expect(firstError(storeOf("fine", "fatal: no"))).toBe(1);
  expect(firstError(storeOf("errors are terrors"))).toBeUndefined();
});
