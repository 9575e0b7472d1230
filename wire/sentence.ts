// Why something was refused, as a sentence for the person who sent it.

import * as v from "valibot";

/** The first issue of a failed parse, with where it is. */
export function sentenceOf(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  const [issue] = issues;
  const path = v.getDotPath(issue);
  // A message of our own says it all.
  if (!issue.message.startsWith("Invalid ")) return path ? `${path}: ${issue.message}` : issue.message;
  const what = path ? `\`${path}\`` : "This";
  if (issue.received === "undefined") return `${what} is missing.`;
  return `${what} must be ${wordsOf(issue.expected ?? "something else")}, not ${wordsOf(issue.received)}.`;
}

const words: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  Object: "an object",
  Array: "a list",
};

/** What the schema library writes: types by their names, a choice in brackets, values as JSON, comparisons. */
function wordsOf(text: string): string {
  const choice = /^\((.*)\)$/.exec(text)?.[1]?.split(" | ") ?? [text];
  const named = choice.map((one) => words[one] ?? one.replace(/^>=/, "at least ").replace(/^<=/, "at most "));
  const last = named.pop() ?? "";
  return named.length > 0 ? `${named.join(", ")} or ${last}` : last;
}
