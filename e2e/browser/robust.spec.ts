// The page in bad company and bad weather: strangers' texts, no network, assistive technology, and a small first load.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import type { Page } from "@playwright/test";
import { startStaticServer } from "../shells/staticServer.ts";
import { hostileTexts } from "./hostile.ts";
import { pageLink } from "./links.ts";
import { controls, expect, slowly, test } from "./longshore.ts";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds, as the rules and the elements that break them. */
async function axe(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource);
  const found: unknown = await page.evaluate(
    `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ": " + html.slice(0, 160) + " " + failureSummary)))`,
  );
  return Array.isArray(found) ? found.map(String) : ["axe gave no answer"];
}

const panels = ["Output", "Log", "Inputs", "Settings", "Queue", "History"] as const;
const job = {
  image: "longshore/shell",
  command: [
    "sh",
    "-c",
    `cd /outputs; echo '{"a": [1, {"b": null}]}' > a.json; printf 'n,v\\n1,2\\n2,3\\n' > t.csv; echo '# T' > t.md; printf '\\033[31mred\\033[0m https://example.org/x\\n'; echo broke >&2; exit 3`,
  ],
  env: { A: "1" },
};

for (const scheme of ["light", "dark"] as const)
  test(`axe finds nothing in any panel, in the ${scheme} scheme`, async ({ page, longshore }, info) => {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.goto(longshore.origin);
    await expect(page.getByRole("heading", { name: "Any Docker image" })).toBeVisible();
    const found: Record<string, readonly string[]> = { first: await axe(page) };
    await page.goto(pageLink(longshore.origin, { job, inputs: { "main.py": "print(1)" }, more: { SCHEME: scheme } }));
    const { run } = controls(page);
    await run.click();
    await expect(page.getByRole("region", { name: "Why it failed" })).toBeVisible(slowly);
    for (const size of [
      { width: 600, height: 400 },
      { width: 1280, height: 760 },
    ]) {
      await page.setViewportSize(size);
      for (const name of panels) {
        // In a wide window outputs are always in view.
        const hasTab = size.width < 1000 || name !== "Output";
        if (hasTab) await page.getByRole("tab", { name }).click();
        await expect(page.getByRole(hasTab ? "tabpanel" : "region", { name }).first()).toBeVisible();
        await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
        found[`${name} ${size.width}`] = await axe(page);
        await page.screenshot({ path: info.outputPath(`${name}-${size.width}-${scheme}.png`) });
      }
    }
    for (const [key, name] of [
      ["?", "Keys"],
      ["Control+k", "Find an action"],
    ] as const) {
      await page.keyboard.press(key);
      await expect(page.getByRole("dialog", { name })).toBeVisible();
      found[name] = await axe(page);
      await page.keyboard.press("Escape");
    }
    expect(Object.fromEntries(Object.entries(found).filter(([, faults]) => faults.length > 0))).toEqual({});
  });

test("two hundred hostile texts in every channel start nothing, go nowhere and ask for nothing", async ({
  page,
  longshore,
}) => {
  expect(hostileTexts).toHaveLength(200);
  const trouble: string[] = [];
  await page.exposeFunction("taken", () => trouble.push("a script ran"));
  page.on("dialog", (dialog) => {
    trouble.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (request.url().includes("taken.invalid")) trouble.push(`request ${request.url()}`);
  });
  page.on("popup", () => trouble.push("a window opened"));
  const all = `${hostileTexts.join("\n")}\n`;
  const copies = ["t.txt", "t.md", "t.csv", "t.tsv", "t.log", "t.svg", "t.xyz"].map(
    (name) => `cp /inputs/all /outputs/${name}`,
  );
  const script = `cat /inputs/all; cat /inputs/all >&2; ${copies.join("; ")}; cd /outputs; touch '<img src=x onerror=taken()>.txt' '"><script>taken()<.md'; cat /inputs/json > t.json`;
  const env = Object.fromEntries(hostileTexts.slice(0, 100).map((text, index) => [`V${index}`, text]));
  await page.goto(
    pageLink(longshore.origin, {
      job: { image: "longshore/shell", command: ["sh", "-c", script, ...hostileTexts.slice(0, 20)], env },
      inputs: {
        all,
        json: JSON.stringify(Object.fromEntries(hostileTexts.map((text) => [text, text]))),
        "<img src=x onerror=taken()>": hostileTexts[0] ?? "",
      },
      more: { HOSTILE: encodeURIComponent(hostileTexts[1] ?? ""), "%3Csvg onload=taken()%3E": "x" },
    }),
  );
  const { run, log } = controls(page);
  await run.click();
  await expect(page.getByText("10 files")).toBeVisible(slowly);
  const list = page.getByRole("list", { name: "Outputs" });
  const folded = list.getByRole("button", { expanded: false });
  for (let left = await folded.count(); left > 0; left--) await folded.first().click();
  await expect(folded).toHaveCount(0);
  await expect(list).toContainText("<script>taken()</script>");
  for (const name of panels.filter((one) => one !== "Output")) {
    await page.getByRole("tab", { name }).click();
    await expect(page.getByRole("tabpanel", { name })).toBeVisible();
    await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
  }
  await page.getByRole("tab", { name: "Log" }).click();
  await log.focus();
  await page.keyboard.press("Home");
  await expect(log).toContainText("<script>taken()</script>");
  for (const text of hostileTexts.slice(0, 40)) await page.getByRole("searchbox").fill(text.replaceAll("\n", " "));
  await page.getByRole("button", { name: "Share" }).click();
  await expect(page.getByRole("dialog", { name: "Share" })).toBeVisible();
  expect(new URL(page.url()).origin).toBe(longshore.origin);
  expect(trouble).toEqual([]);
});

test("once loaded, the page works without a network and says what it can't reach", async ({
  page,
  context,
  longshore,
}) => {
  const hello = { image: "longshore/shell", command: ["sh", "-c", "echo made > /outputs/made.txt"] };
  await page.goto(pageLink(longshore.origin, { job: hello, more: { OFFLINE: "1" } }));
  const { run, output, state, tab } = controls(page);
  await run.click();
  await expect(output("made.txt")).toHaveText("made", slowly);
  await page.waitForLoadState("networkidle");
  const before = page.url();
  await context.setOffline(true);
  for (const name of panels.filter((one) => one !== "Output")) {
    await tab(name).click();
    await expect(page.getByRole("tabpanel", { name })).toBeVisible();
    await expect(page.getByText("could not be loaded")).toHaveCount(0);
  }
  await tab("Settings").click();
  await page.getByRole("textbox", { name: "Working directory" }).fill("/tmp");
  await expect(state).toContainText(/Offline|Ready|Connecting/);
  expect(page.url()).not.toBe(before);
  await context.setOffline(false);
  await expect(page.getByRole("button", { name: "Run", exact: true })).toBeVisible(slowly);
});

test("all that a framed first job loads without a click stays within the budget", async ({ page, longshore }) => {
  const budgetBytes = 70 * 1024;
  const link = (await longshore.firstJobLink()).replaceAll("&", "&amp;");
  const site = await startStaticServer({
    "/": `<!doctype html><iframe title="frame" width="900" height="500" src="${link}"></iframe>`,
  });
  // What is fetched when the page has nothing else to do comes after the first load.
  await page.addInitScript("window.requestIdleCallback = () => 0");
  const loaded = new Map<string, number>();
  const others = new Set<string>();
  const bodies: Promise<void>[] = [];
  page.on("response", (response) => {
    const { origin } = new URL(response.url());
    if (origin !== longshore.origin) return void others.add(origin);
    bodies.push(
      response.body().then(
        (body) => void loaded.set(response.url().replace(/#.*/, ""), gzipSync(body).length),
        () => {},
      ),
    );
  });
  try {
    await page.goto(site.origin);
    const { output } = controls(page.frameLocator('iframe[title="frame"]'));
    await expect(output("hello.json")).toContainText('"greeting": "hello"', slowly);
    await Promise.all(bodies);
    const sum = [...loaded.values()].reduce((total, size) => total + size, 0);
    expect(loaded.size).toBeGreaterThan(3);
    expect([...others]).toEqual([site.origin]);
    expect(sum, JSON.stringify(Object.fromEntries(loaded), null, 2)).toBeLessThanOrEqual(budgetBytes);
    console.log(`first load, framed: ${(sum / 1024).toFixed(1)} KiB gzip of ${budgetBytes / 1024}`);
  } finally {
    await site.stop();
  }
});
