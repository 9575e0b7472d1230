import { expect, test } from "vitest";
import { base64OfBytes } from "../../wire/dataRef.ts";
import { contentOf } from "./values.ts";

const utf8 = (text: string) => Uint8Array.from(new TextEncoder().encode(text));
const floats = new Float32Array([1.5, -2]);
const floatBytes = new Uint8Array(floats.buffer.slice(0));
const hash = "a".repeat(64);

/** What would stand in the file, or the ref that is passed on. */
async function fileOf(value: unknown): Promise<unknown> {
  const content = await contentOf(value);
  if (content.kind === "text") return content.text;
  if (content.kind === "bytes") return [...content.bytes];
  if (content.kind === "blob") return [...new Uint8Array(await content.blob.arrayBuffer())];
  return content.kind === "ref" ? content.ref : content.kind;
}

test.each<[string, unknown, unknown]>([
  ["a string", "héllo\n", "héllo\n"],
  ["an empty string", "", ""],
  ["a number", 1.5, "1.5"],
  ["zero", 0, "0"],
  ["a bigint", 12n, "12"],
  ["true", true, "true"],
  ["false", false, "false"],
  ["an object", { b: 1, a: [null, "x"] }, '{"b":1,"a":[null,"x"]}'],
  ["an array", [1, 2], "[1,2]"],
  ["null", null, "nothing"],
  ["undefined", undefined, "nothing"],
  ["bytes", new Uint8Array([0, 255]), [0, 255]],
  ["a view of a larger buffer", new Uint8Array([1, 2, 3, 4]).subarray(1, 3), [2, 3]],
  ["a float array", floats, [...floatBytes]],
  ["a big int array", new BigInt64Array([1n]), [1, 0, 0, 0, 0, 0, 0, 0]],
  ["an array buffer", new Uint8Array([9]).buffer, [9]],
  ["a Blob", new Blob(["x"]), [120]],
  ["a Blob that is not small", new Blob([new Uint8Array(300).fill(7)]), Array.from({ length: 300 }, () => 7)],
  ["a File", new File(["é"], "é.txt"), [195, 169]],
  ["a url ref", { type: "url", value: "https://h/x", hash }, { type: "url", value: "https://h/x", hash }],
  [
    "a url ref with a hash that is none",
    { type: "url", value: "https://h/x", hash: "nope" },
    { type: "url", value: "https://h/x" },
  ],
  ["a key ref", { type: "key", value: "k" }, { type: "key", value: "k" }],
  ["a json ref", { type: "json", value: { a: 1 } }, { type: "json", value: { a: 1 } }],
  ["a utf8 ref", { type: "utf8", value: "" }, ""],
  ["a base64 ref", { type: "base64", value: "AP8=" }, [0, 255]],
  ["an object that only looks like a ref", { type: "utf8", value: 5 }, '{"type":"utf8","value":5}'],
  [
    "a typed array as a data URL",
    `data:application/octet-stream;type=Float32Array;base64,${base64OfBytes(floatBytes)}`,
    [...floatBytes],
  ],
  ["a Blob as a data URL", "data:image/png;blob=true;base64,AP8=", [0, 255]],
  ["a File as a data URL", "data:text/plain;file=true;name=%C3%A9;lastModified=1;base64,eA==", [120]],
  ["a data URL with escapes", "data:,a%20b%FF", [97, 32, 98, 255]],
  ["a data URL of JSON", 'data:application/json,{"a":1}', [...utf8('{"a":1}')]],
  [
    "a reference as a data URL",
    "data:text/x-uri,https%3A%2F%2Fh%2Fx%3Fa%3D1",
    { type: "url", value: "https://h/x?a=1" },
  ],
  ["a url ref to a data URL", { type: "url", value: "data:,x" }, [120]],
  ["a legacy Blob", { _s: true, _c: "Blob", value: "AP8=", size: 2 }, [0, 255]],
  [
    "a legacy typed array",
    { _s: true, _c: "Float32Array", value: base64OfBytes(floatBytes), byteLength: 8 },
    [...floatBytes],
  ],
  ["the form between", { ref: "base64", c: "Blob", value: "AP8=" }, [0, 255]],
  ["text that begins like a data URL", "data: none", "data: none"],
  ["a blob: URL", { type: "url", value: "blob:x" }, "unreadable"],
  ["broken base64", { type: "base64", value: "!" }, "unreadable"],
])("%s becomes the right file", async (_name, value, file) => {
  expect(await fileOf(value)).toEqual(file);
});

test("what refers to itself is named and not thrown", async () => {
  const loop: Record<string, unknown> = {};
  loop.loop = loop;
  expect(await fileOf(loop)).toBe("unreadable");
  expect(await fileOf({ type: "json", value: loop })).toBe("unreadable");
  expect(await fileOf({ type: "json", value: 1n })).toBe("unreadable");
  expect(await fileOf({ type: "json", value: undefined })).toBe("unreadable");
});
