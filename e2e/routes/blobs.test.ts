import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import * as v from "valibot";
import { expect, test } from "vitest";
import { checksumHeader, ExistsAnswer, paths } from "../../wire/http.ts";
import { hexOf, json, QueueApi } from "../clients/queueApi.ts";
import { rawRequest } from "../clients/rawRequest.ts";
import { within } from "../clients/until.ts";
import { onEveryShell } from "./everyShell.ts";

function someBytes(length = 1_000) {
  const bytes = Uint8Array.from(randomBytes(length));
  const digest = createHash("sha256").update(bytes).digest();
  return {
    bytes,
    hex: Buffer.from(bytes).toString("hex"),
    key: digest.toString("hex"),
    checksum: digest.toString("base64"),
  };
}

onEveryShell((shell) => {
  const put = (key: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    new QueueApi(shell()).request(paths.blob(key), { method: "PUT", body, headers });
  const get = (key: string, headers: Record<string, string> = {}) =>
    new QueueApi(shell()).request(paths.blob(key), { headers });

  test("bytes come back as they went in, under their hash or any other key", async () => {
    const { bytes, hex, key } = someBytes();
    for (const name of [key, `${key}.bin`, `named-${key}.txt`, `N.${key}_x`]) {
      expect(await json(await put(name, bytes))).toEqual({ success: true, key: name });
      expect(await hexOf(await get(name))).toBe(hex);
    }
  });

  test("an upload with its checksum goes through, and can be repeated", async () => {
    const { bytes, hex, key, checksum } = someBytes(300_000);
    for (let i = 0; i < 2; i++) expect((await put(key, bytes, { [checksumHeader]: checksum })).status).toBe(200);
    expect(await hexOf(await get(key))).toBe(hex);
  });

  test("an empty blob is a blob", async () => {
    const { bytes, hex, key } = someBytes(0);
    expect((await put(key, bytes)).status).toBe(200);
    expect(await hexOf(await get(key))).toBe(hex);
  });

  test("parts of a blob can be asked for", async () => {
    const { bytes, hex, key } = someBytes();
    await put(key, bytes);
    const parts = [
      ["bytes=10-19", 20, 40],
      ["bytes=990-", 1980, 2000],
      ["bytes=990-5000", 1980, 2000],
    ] as const;
    for (const [range, start, end] of parts) {
      const response = await get(key, { range });
      expect([range, response.status, await hexOf(response)]).toEqual([range, 206, hex.slice(start, end)]);
    }
    expect((await get(key, { range: "bytes=1000-" })).status).toBe(416);
  });

  test("HEAD tells the size without the bytes", async () => {
    const { bytes, key } = someBytes();
    await put(key, bytes);
    const head = await new QueueApi(shell()).request(paths.blob(key), { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "1000"]);
  });

  test("whether a blob exists can be asked, and where to send it", async () => {
    const { bytes, key, checksum } = someBytes();
    const exists = async (query = "") => {
      const response = await new QueueApi(shell()).request(`${paths.blob(key)}/exists${query}`);
      return [response.status, await response.json()] as const;
    };
    expect(await exists()).toEqual([404, { exists: false }]);
    const [, answer] = await exists(`?length=${bytes.length}`);
    const { upload } = v.parse(ExistsAnswer, answer);
    const headers = { [checksumHeader]: checksum };
    if (upload === undefined) await put(key, bytes, headers);
    else {
      expect(await exists("?length=many")).toEqual([400, { error: expect.stringContaining("number of bytes") }]);
      expect((await exists("?length=9999999999999"))[0]).toBe(413);
      expect((await fetch(upload, { method: "PUT", body: bytes, headers })).status).toBe(200);
    }
    expect(await exists(`?length=${bytes.length}`)).toEqual([200, { exists: true }]);
  });

  test("what is not there is a 404", async () => {
    expect((await get(someBytes().key)).status).toBe(404);
  });

  test("content that is not its key's is refused, and nothing is stored", async () => {
    const [mine, other] = [someBytes(), someBytes()];
    const wrong = await put(mine.key, other.bytes);
    expect([wrong.status, await wrong.json()]).toEqual([400, { error: expect.stringContaining("SHA-256") }]);
    const checksum = await put(mine.key, other.bytes, { [checksumHeader]: other.checksum });
    expect([checksum.status, await checksum.json()]).toEqual([400, { error: expect.stringContaining("checksum") }]);
    expect((await get(mine.key)).status).toBe(404);
  });

  test("a key that is no hash is written once", async () => {
    const [first, second] = [someBytes(), someBytes()];
    const key = `name-${first.key}`;
    expect((await put(key, first.bytes)).status).toBe(200);
    const again = await put(key, second.bytes);
    expect([again.status, await again.json()]).toEqual([409, { error: expect.stringContaining("never changes") }]);
    expect(await hexOf(await get(key))).toBe(first.hex);
  });

  test.each([".hidden", "-x", "_x", "a%2Fb", "a%5Cb", "%2e%2e%2fsecret", "a b", "ä", "a".repeat(201)])(
    "the key %s is refused",
    async (key) => {
      for (const method of ["PUT", "GET"]) {
        const path = `/f/${key}`;
        const response = await new QueueApi(shell()).request(path, {
          method,
          ...(method === "PUT" ? { body: "x" } : {}),
        });
        expect([method, response.status]).toEqual([method, 400]);
        expect(await response.json()).toEqual({ error: expect.any(String) });
      }
    },
  );

  test("no path leads out of the blobs", async () => {
    const { bytes, key } = someBytes();
    await put(`in-${key}`, bytes);
    for (const path of [
      "/f/../secret",
      "/f/..%2f..%2fsecret",
      "/f/%2e%2e/%2e%2e/longshore.sqlite",
      `/f/x/../in-${key}/../../secret`,
      "/../../../../etc/passwd",
      "/assets/..%2f..%2fpackage.json",
      "/assets/%2e%2e/%2e%2e/package.json",
    ]) {
      const { status, body } = await rawRequest(shell().origin, path);
      expect([path, status >= 400 && status < 500, JSON.parse(body)]).toEqual([
        path,
        true,
        { error: expect.any(String) },
      ]);
    }
  });

  test("an upload that breaks off leaves nothing", async () => {
    const { bytes, key } = someBytes();
    const { hostname, port } = new URL(shell().origin);
    for (const name of [key, `part-${key}`]) {
      const upload = request({
        host: hostname,
        port,
        path: paths.blob(name),
        method: "PUT",
        headers: { "content-length": "1000" },
      });
      const broken = new Promise((resolve) => upload.on("error", resolve));
      await new Promise<void>((resolve) => upload.write(bytes.subarray(0, 500), () => resolve()));
      upload.destroy();
      await within("the upload to break off", broken, () => "nothing");
      expect((await get(name)).status).toBe(404);
      // The key is as free as before.
      expect((await put(name, bytes)).status).toBe(200);
    }
  });
});
