// A metaframe that sends one value of every kind that metaframes send, with the library and as old ones did.

import { Metaframe } from "@metapages/metapage";

const metaframe = new Metaframe();
const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);

void metaframe.setOutputs({
  "text.txt": "grüße\n",
  "number.txt": 42.5,
  "yes.txt": true,
  "object.json": { b: [1, "two"], a: null },
  "list.json": [1, 2, 3],
  "bytes.bin": bytes,
  "floats.bin": new Float32Array([1.5, -2]),
  "buffer.bin": bytes.slice(0, 16).buffer,
  "blob.bin": new Blob([bytes]),
  "file.bin": new File([bytes], "naïve name.bin", { type: "application/x-thing" }),
  "ref.txt": { type: "utf8", value: "a data ref" },
  "ref.bin": { type: "base64", value: "AAEC/w==" },
  "old.bin": { _s: true, _c: "Blob", value: "AAEC/w==", size: 4 },
  "dataUrl.bin": "data:application/octet-stream;base64,AAEC/w==",
  "nothing.txt": null,
});
