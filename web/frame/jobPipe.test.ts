import { expect, test } from "vitest";
import { jobIn } from "./jobPipe.ts";

const job = { image: "a", command: "ls é" };
const text = JSON.stringify(job);
const loop: Record<string, unknown> = { image: "a" };
loop.loop = loop;

test.each<[string, unknown]>([
  ["an object", job],
  ["JSON", text],
  ["the form of the address", btoa(encodeURIComponent(text))],
  ["a json ref", { type: "json", value: job }],
  ["a utf8 ref", { type: "utf8", value: text }],
  ["a base64 ref", { type: "base64", value: btoa(String.fromCharCode(...new TextEncoder().encode(text))) }],
])("a job that comes as %s is read, by either name of its pipe", (_name, sent) => {
  expect(jobIn({ job: sent })).toEqual(job);
  expect(jobIn({ "metaframe/job": sent })).toEqual(job);
});

test.each<[string, unknown]>([
  ["a number", 5],
  ["text", "run it"],
  ["a list", [job]],
  ["a ref to elsewhere", { type: "url", value: "https://h/job.json" }],
  ["what refers to itself", loop],
  ["what JSON can't say", { image: 1n }],
])("%s is no job", (_name, sent) => {
  expect(jobIn({ job: sent })).toBe("invalid");
});

test("nobody sends one, or takes it back", () => {
  expect(jobIn({ other: job })).toBeUndefined();
  expect(jobIn({ job: null })).toBeUndefined();
});
