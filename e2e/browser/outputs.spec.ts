// What came out, pictured: each kind of file, what changed, and a stranger's document that may do nothing.

import { createServer } from "node:http";
import type { Page } from "@playwright/test";
import { pageLink } from "./links.ts";
import { controls, expect, slowly, test } from "./longshore.ts";

const make = `import base64, os, struct, sys, wave
os.chdir(os.environ["JOB_OUTPUTS"])
n = os.environ.get("N", "1")
def write(name, text):
    with open(name, "w") as f:
        f.write(text)
write("data.json", '{"n": ' + n + ', "list": [1, {"deep": true}]}')
write("table.csv", "name,value\\n" + "".join(f"row {i},{(i * 37) % 100}\\n" for i in range(2000)))
write("notes.md", "# Title\\n\\nSome **bold** words and [a link](https://example.org/).\\n\\n<b onclick=alert(1)>raw</b>")
write("same.txt", "always the same")
write("drawing.svg", '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20"/></svg>')
with open("pixel.png", "wb") as f:
    f.write(base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))
with open("unknown.xyz1", "wb") as f:
    f.write(bytes(range(256)))
with wave.open("sound.wav", "wb") as f:
    f.setparams((1, 1, 8000, 0, "NONE", ""))
    f.writeframes(bytes(128 + (i % 40) for i in range(4000)))
def element(id, *parts):
    body = b"".join(parts)
    return bytes.fromhex(id) + (1 << 56 | len(body)).to_bytes(8, "big") + body
def number(id, value, size=1):
    return element(id, value.to_bytes(size, "big"))
# A picture of one pixel, as WebP has it, twice: a film of a second.
picture = base64.b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")[20:]
track = element("AE", number("D7", 1), number("73C5", 1), number("83", 1), element("86", b"V_VP8"), element("E0", number("B0", 1), number("BA", 1)))
frames = [element("A3", b"\\x81" + at.to_bytes(2, "big") + b"\\x80", picture) for at in (0, 500)]
with open("film.webm", "wb") as f:
    f.write(element("1A45DFA3", number("4286", 1), number("42F7", 1), number("42F2", 4), number("42F3", 8), element("4282", b"webm"), number("4287", 4), number("4285", 2)))
    f.write(element("18538067", element("1549A966", number("2AD7B1", 1000000, 3), element("4D80", b"t"), element("5741", b"t"), element("4489", struct.pack(">d", 1000.0))), element("1654AE6B", track), element("1F43B675", number("E7", 0), *frames)))
objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>"]
pdf = b"%PDF-1.4\\n"
places = []
for n, text in enumerate(objects, 1):
    places.append(len(pdf))
    pdf += b"%d 0 obj" % n + text + b"endobj\\n"
table = len(pdf)
pdf += b"xref\\n0 4\\n0000000000 65535 f \\n" + b"".join(b"%010d 00000 n \\n" % at for at in places)
with open("page.pdf", "wb") as f:
    f.write(pdf + b"trailer<</Size 4/Root 1 0 R>>startxref %d %%%%EOF" % table)
`;

const link = (origin: string, n: string) =>
  pageLink(origin, {
    job: { image: "longshore/python", command: "python /inputs/make.py" },
    inputs: { "make.py": make },
    more: { N: n },
  });

const row = (page: Page, name: string) =>
  page.getByRole("list", { name: "Outputs" }).getByRole("listitem").filter({ hasText: name });

test("each kind of file is pictured, and a changed one can be compared with the run before", async ({
  page,
  longshore,
}) => {
  const { run, output } = controls(page);
  await page.goto(link(longshore.origin, "1"));
  await run.click();
  await expect(output("data.json")).toContainText('"n": 1', slowly);
  await expect(output("data.json")).toContainText('"list": [ 2 items');
  await expect(page.getByText("10 files")).toBeVisible();
  for (const name of ["drawing.svg", "pixel.png"])
    await expect(page.getByRole("img", { name: `The output ${name}` })).toHaveJSProperty("complete", true);
  await expect(output("notes.md").getByRole("heading", { name: "Title" })).toBeVisible();
  await expect(output("notes.md")).toContainText("<b onclick=alert(1)>raw");
  const open = (name: string) => row(page, name).getByRole("button", { name, exact: true }).click();
  const film = page.getByLabel("The output film.webm");
  await expect(film).toHaveJSProperty("videoWidth", 1);
  await expect(film).toHaveJSProperty("duration", 1);
  await open("sound.wav");
  await expect(page.getByLabel("The output sound.wav")).toHaveJSProperty("duration", 0.5);
  // The browser's own viewer has taken it, which nobody can look into.
  await expect(page.locator('iframe[title="Content of page.pdf"]')).toBeVisible();
  await expect.poll(() => page.frames().filter((one) => one.url().startsWith("chrome-extension:")).length).toBe(1);
  for (const name of ["unknown.xyz1", "table.csv"]) await open(name);
  await expect(output("unknown.xyz1")).toContainText("000010  10 11 12 13");

  const table = output("table.csv");
  await expect(page.getByText("2,000 rows · 2 columns")).toBeVisible();
  await table.getByRole("button", { name: "value", exact: true }).click();
  await table.getByRole("button", { name: /^value/ }).click();
  await expect(table.getByRole("columnheader", { name: /^value/ })).toHaveAttribute("aria-sort", "descending");
  await expect(table.getByRole("row").nth(2)).toContainText("99");
  await table.getByRole("button", { name: "Plot value" }).click();
  await expect(page.getByRole("img", { name: "value, from 0 to 99" })).toBeVisible();

  await page.getByRole("button", { name: "Show pixel.png large" }).click();
  const large = page.getByRole("dialog", { name: "pixel.png" });
  await large.getByRole("button", { name: "100 %" }).click();
  await expect(large).toContainText("1 × 1 px, 100 %");
  await page.keyboard.press("Escape");

  // The address changes as a person edits it: the same page, another run.
  await page.goto(link(longshore.origin, "2"));
  await run.click();
  await expect(output("data.json")).toContainText('"n": 2', slowly);
  await expect(row(page, "data.json")).toContainText("changed");
  await expect(row(page, "same.txt")).toContainText("unchanged");
  const compare = page.getByRole("button", { name: "Hold to compare data.json with the run before" });
  await compare.hover();
  await page.mouse.down();
  await expect(output("data.json")).toContainText('"n": 1');
  await page.mouse.up();
  await expect(output("data.json")).toContainText('"n": 2');
});

test("all outputs are downloaded as one zip, and each under its own name", async ({ page, longshore }) => {
  // Headless browsers have nobody to ask where to save: the archive goes through a file of the browser's own.
  await page.addInitScript("delete window.showSaveFilePicker");
  await page.route("**/result.json", async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replace(/"same.txt":15\b/, '"same.txt":5000000000');
    await route.fulfill({ response: answer, body });
  });
  await page.goto(link(longshore.origin, "3"));
  const { run, output } = controls(page);
  await run.click();
  await expect(output("data.json")).toBeVisible(slowly);
  const zip = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download all" }).click();
  const file = await zip;
  expect(file.suggestedFilename()).toMatch(/^outputs-[0-9a-f]{8}\.zip$/);
  const stream = await file.createReadStream();
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  const bytes = Buffer.concat(pieces);
  expect(bytes.subarray(0, 2).toString()).toBe("PK");
  for (const name of ["data.json", "pixel.png", "unknown.xyz1"]) expect(bytes.includes(name)).toBe(true);
  await page.evaluate("delete StorageManager.prototype.getDirectory");
  await page.getByRole("button", { name: "Download all" }).click();
  await expect(page.getByRole("alert")).toContainText(/packs at most 5\d\d MB at once, and these are 5.* GB/);
  const one = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download table.csv" }).click();
  expect((await one).suggestedFilename()).toBe("table.csv");
});

test("an HTML output runs its scripts, but reaches no network, no page of ours and no other place", async ({
  page,
  longshore,
}) => {
  const hits: string[] = [];
  const elsewhere = createServer((request, response) => {
    hits.push(request.url ?? "");
    response.end("taken");
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const address = elsewhere.address();
  const there = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const evil = `<h1 id="t">before</h1><button id="b">Leave</button><img src="${there}/image"><script>
    const t = document.getElementById("t");
    t.textContent = "scripted";
    fetch("${there}/fetch").catch(() => {});
    try { parent.document.title = "taken" } catch {}
    try { t.textContent += " " + localStorage.length } catch { t.textContent += " alone" }
    document.getElementById("b").onclick = () => {
      try { top.location = "${there}/top" } catch {}
      location.href = "${there}/self";
    };
  </script>`;
  const job = { image: "longshore/shell", command: ["sh", "-c", "cp /inputs/page.html /outputs/page.html"] };
  try {
    await page.goto(pageLink(longshore.origin, { job, inputs: { "page.html": evil } }));
    await controls(page).run.click();
    const frame = page.frameLocator('iframe[title="Content of page.html"]');
    await expect(frame.getByRole("heading")).toHaveText("scripted alone", slowly);
    await frame.getByRole("button", { name: "Leave" }).click();
    await expect(frame.getByRole("heading", { name: "scripted" })).toHaveCount(0);
    await expect(page).toHaveTitle(/^Done/);
    expect(page.url()).toContain(longshore.origin);
    expect(hits).toEqual([]);
  } finally {
    elsewhere.close();
  }
});
