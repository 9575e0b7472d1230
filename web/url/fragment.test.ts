import { expect, test } from "vitest";
import { decodeJson, decodeText, encodeJson, encodeText } from "./codec.ts";
import { formatFragment, parseFragment, withRaw } from "./fragment.ts";

test.each([
  ["#?a=1&b=2", "", { a: "1", b: "2" }],
  ["##?a=1", "", { a: "1" }],
  ["#pre/x?a=b=c?d", "pre/x", { a: "b=c?d" }],
  ["#?a&&b=&a=2", "", { a: "2", b: "" }],
  ["#job=x", "job=x", {}],
  ["#?a%20b=+", "", { "a%20b": "+" }],
])("%s is split as every reader splits it", (hash, prehash, raw) => {
  const fragment = parseFragment(hash);
  expect(fragment.prehash).toBe(prehash);
  expect(Object.fromEntries(fragment.raw)).toEqual(raw);
});

test("writing one parameter leaves all others as they were", () => {
  const fragment = parseFragment("#pre?z=%20raw%zz&queue=a&a=~+%3D");
  expect(formatFragment(withRaw(fragment, { queue: "b", gone: undefined, m: "1" }))).toBe(
    "#pre?a=~+%3D&m=1&queue=b&z=%20raw%zz",
  );
  expect(formatFragment(parseFragment("#?"))).toBe("");
});

const value = { b: "hé ~ 100% \u{1F6A2}", a: [1, { d: null, c: "x" }] };
const uriJson = encodeURIComponent(JSON.stringify(value));
const base64 = btoa(uriJson);
const utf8Base64 = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value))));

test.each([
  ["as written here", encodeJson(value)],
  ["padded", base64],
  ["escaped once", encodeURIComponent(base64)],
  ["escaped twice", encodeURIComponent(encodeURIComponent(base64))],
  ["without padding", base64.replace(/=+$/, "")],
  ["URL-safe", base64.replaceAll("+", "-").replaceAll("/", "_")],
  ["with a plus that became a space", base64.replaceAll("+", " ")],
  ["base64 of UTF-8 JSON", utf8Base64],
  ["plain JSON", JSON.stringify(value)],
  ["plain JSON escaped", uriJson],
  ["plain JSON escaped twice", encodeURIComponent(uriJson)],
])("JSON %s is read", (_name, raw) => {
  expect(decodeJson(raw)).toEqual(value);
});

test("base64 of raw JSON keeps its escapes and its lone percent signs", () => {
  expect(decodeJson(btoa('{"a":"%20","b":"100%"}'))).toEqual({ a: "%20", b: "100%" });
  expect(decodeJson(btoa('{"a":"\u00e9"}'))).toEqual({ a: "é" });
});

test("JSON is written with sorted keys and plain padding", () => {
  expect(encodeJson({ image: "alpine:3.18.5", command: "ls -la" })).toBe(
    "JTdCJTIyY29tbWFuZCUyMiUzQSUyMmxzJTIwLWxhJTIyJTJDJTIyaW1hZ2UlMjIlM0ElMjJhbHBpbmUlM0EzLjE4LjUlMjIlN0Q=",
  );
});

test.each([
  ["http://localhost:8000/local", "http://localhost:8000/local"],
  ["a b&c", "a%20b%26c"],
  ["100%", "100%25"],
  ["k-12_3.~", "k-12_3.~"],
])("the text %s is written as %s and read back", (text, raw) => {
  expect(encodeText(text)).toBe(raw);
  expect(decodeText(raw)).toBe(text);
});
