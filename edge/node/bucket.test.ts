// What the command sends is a real request to a server that records it: no S3 server for tests has a lifecycle API.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";

interface Recorded {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const secret = `secret-${crypto.randomUUID()}`;
let recorded: Recorded[] = [];
let answer = 200;
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const { method, url, headers } = request;
  recorded.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
  response.writeHead(answer, { "content-type": "application/xml" });
  response.end(answer === 200 ? "" : "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
});

beforeEach(async () => {
  recorded = [];
  answer = 200;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
});

function run(more: Readonly<Record<string, string>> = {}): Promise<{ code: number; output: string }> {
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const env = {
    PATH: process.env.PATH,
    S3_BUCKET: "things",
    S3_REGION: "auto",
    S3_ENDPOINT: `http://127.0.0.1:${port}`,
    S3_ACCESS_KEY_ID: "key",
    S3_SECRET_ACCESS_KEY: secret,
    ...more,
  };
  const command = new URL("bucket.ts", import.meta.url).pathname;
  return new Promise((resolve) => {
    execFile(process.execPath, ["--disable-warning=ExperimentalWarning", command], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, output: out + err });
    });
  });
}

test("the bucket is told what goes when, and that pages may use signed addresses", async () => {
  const { code, output } = await run();
  expect([code, output]).toEqual([0, expect.stringContaining('blobs below "f/" go after 56 days')]);
  const [lifecycle, cors] = recorded;
  expect([lifecycle?.method, lifecycle?.url]).toEqual(["PUT", expect.stringMatching(/^\/things\/?\?lifecycle/)]);
  const rules = [...(lifecycle?.body ?? "").matchAll(/<Rule>.*?<\/Rule>/gs)].map(([rule]) => rule);
  const daysOf = (prefix: string) =>
    rules
      .filter((rule) => rule.includes(`<Prefix>${prefix}</Prefix>`) && rule.includes("<Status>Enabled</Status>"))
      .map((rule) => /<Expiration><Days>(\d+)<\/Days><\/Expiration>/.exec(rule)?.[1]);
  expect([daysOf("j/"), daysOf("f/"), daysOf("tmp/")]).toEqual([["28"], ["56"], ["1"]]);
  expect(rules.join("")).toContain(
    "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
  );
  expect(new Set(rules.map((rule) => /<ID>(.*?)<\/ID>/.exec(rule)?.[1])).size).toBe(4);

  expect([cors?.method, cors?.url]).toEqual(["PUT", expect.stringMatching(/^\/things\/?\?cors/)]);
  for (const part of [
    "<AllowedOrigin>*</AllowedOrigin>",
    "<AllowedMethod>PUT</AllowedMethod>",
    "<AllowedMethod>GET</AllowedMethod>",
    "<AllowedHeader>x-amz-checksum-sha256</AllowedHeader>",
    "<ExposeHeader>etag</ExposeHeader>",
  ])
    expect(cors?.body).toContain(part);
});

test("each request carries the one checksum that all stores take, and a signature", async () => {
  await run();
  expect(recorded).toHaveLength(2);
  for (const { headers, body } of recorded) {
    expect(headers["content-md5"]).toBe(createHash("md5").update(body).digest("base64"));
    expect(Object.keys(headers).filter((name) => name.includes("checksum"))).toEqual([]);
    expect(headers.authorization).toMatch(/SignedHeaders=[^,]*content-md5/);
  }
});

test("a failure says what the store said, and nothing says the secret", async () => {
  answer = 403;
  const { code, output } = await run();
  expect([code, output]).toEqual([1, expect.stringContaining("AccessDenied")]);
  expect(output + JSON.stringify(recorded)).not.toContain(secret);
});

test("a setting that is missing is named", async () => {
  expect(await run({ S3_BUCKET: "" })).toEqual({ code: 2, output: "S3_BUCKET is empty.\n" });
});
