import { signal } from "@preact/signals";
import * as v from "valibot";
import { expect, test } from "vitest";
import { fakeShell } from "../queue/fakeShell.ts";
import { joinMetapage } from "./metapage.ts";

const Sent = v.object({
  method: v.string(),
  params: v.record(v.string(), v.unknown()),
  parentId: v.optional(v.string()),
});

function frame() {
  const shell = fakeShell();
  const sent: v.InferOutput<typeof Sent>[] = [];
  let heard = (_data: unknown) => {};
  let hashChanged = () => {};
  const pipes = signal<Readonly<Record<string, unknown>>>({});
  const connected = signal(false);
  const view = {
    name: "frame-1",
    hash: () => "#?a=1",
    post: (message: unknown) => void sent.push(v.parse(Sent, structuredClone(message))),
    onMessage: (listener: typeof heard) => {
      heard = listener;
    },
    onHashChange: (listener: () => void) => {
      hashChanged = listener;
    },
  };
  const link = joinMetapage(view, shell.clock, pipes, connected);
  const hear = (message: object) => heard({ jsonrpc: "2.0", ...message });
  return {
    shell,
    sent,
    pipes,
    connected,
    link,
    hear,
    changeHash: () => hashChanged(),
    setUp: (inputs?: object, parentId = "page-1") =>
      hear({ method: "SetupIframeServerResponse", params: { parentId, iframeId: "frame-1", state: { inputs } } }),
  };
}

test("a frame announces itself until a metapage answers, and then no more", () => {
  const { shell, sent, setUp, connected } = frame();
  shell.advance(1_000);
  const announced = sent.length;
  expect(announced).toBeGreaterThan(1);
  expect(sent.every(({ method }) => method === "SetupIframeClientRequest")).toBe(true);
  setUp();
  expect(connected.value).toBe(true);
  expect(sent.at(-1)).toMatchObject({ method: "SetupIframeServerResponseAck", params: { version: "2" } });
  shell.advance(60_000);
  expect(sent.filter(({ method }) => method === "SetupIframeClientRequest")).toHaveLength(announced);
});

test("a frame in an ordinary page stops announcing itself after a while", () => {
  const { shell, sent } = frame();
  shell.advance(10 * 60_000);
  const { length } = sent;
  shell.advance(10 * 60_000);
  expect(sent).toHaveLength(length);
});

test("inputs of the handshake and of updates add up; undefined takes one away, null stays", () => {
  const { setUp, hear, pipes } = frame();
  setUp({ a: 1, b: "two" });
  hear({ method: "InputsUpdate", parentId: "page-1", params: { inputs: { b: undefined, c: null } } });
  expect(pipes.value).toEqual({ a: 1, c: null });
});

test("messages as old hosts write them are read, raw binaries among them", () => {
  const { setUp, hear, pipes, sent } = frame();
  setUp(undefined, "page-1");
  hear({
    id: 7,
    method: "InputsUpdate",
    iframeId: "frame-1",
    parentId: "page-1",
    params: {
      parentId: "page-1",
      inputs: { a: { _s: true, _c: "Blob", value: "AP8=", size: 2 }, b: new Uint8Array([1]) },
    },
  });
  expect(pipes.value).toEqual({ a: { _s: true, _c: "Blob", value: "AP8=", size: 2 }, b: new Uint8Array([1]) });
  hear({ id: 8, method: "MessageAck", iframeId: "frame-1", parentId: "page-1", params: {} });
  expect(sent.at(-1)).toMatchObject({ method: "SetupIframeServerResponseAck" });
});

test("messages of another metapage, or that make no sense, change nothing", () => {
  const { setUp, hear, pipes } = frame();
  setUp();
  hear({ method: "InputsUpdate", parentId: "page-2", params: { inputs: { a: 1 } } });
  hear({ method: "InputsUpdate", parentId: "page-1", params: "nonsense" });
  expect(pipes.value).toEqual({});
});

test("outputs wait for the metapage, and a metapage that asks again gets them again", () => {
  const { link, sent, setUp } = frame();
  link.send({ a: 1 });
  link.send({ b: 2 });
  expect(sent.some(({ method }) => method === "OutputsUpdate")).toBe(false);
  setUp();
  expect(sent.at(-1)).toMatchObject({ method: "OutputsUpdate", params: { a: 1, b: 2 }, parentId: "page-1" });
  link.send({ a: undefined });
  expect(sent.at(-1)?.params).toEqual({ a: undefined });
  setUp({}, "page-2");
  expect(sent.at(-1)).toMatchObject({ method: "OutputsUpdate", parentId: "page-2" });
});

test("the metapage hears of every change of the address", () => {
  const { sent, setUp, changeHash } = frame();
  changeHash();
  expect(sent.some(({ method }) => method === "HashParamsUpdate")).toBe(false);
  setUp();
  changeHash();
  expect(sent.at(-1)).toMatchObject({
    method: "HashParamsUpdate",
    params: { hash: "#?a=1", metaframe: "frame-1" },
  });
});
