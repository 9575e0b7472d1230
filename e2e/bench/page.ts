// `npm run bench -- page`: what a first visit costs, and what a log of a million lines costs, in a real browser.

import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { type Browser, type CDPSession, chromium, type Page } from "@playwright/test";
import { pageLink } from "../browser/links.ts";
import { containerMs } from "../limits.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { project } from "../shells/shell.ts";
import { printHead, printRow } from "./table.ts";

const million = 1_000_000;
/** As a server's answers are: some thousand lines each. */
const sliceLines = 20_000;
const slowdown = 4;

export async function benchPage(): Promise<void> {
  printHead("page");
  const shell = await startNodeShell({ agent: true, anyAgent: false });
  const browser = await chromium.launch({
    executablePath:
      process.env.CHROMIUM_PATH ??
      execFileSync("sh", ["scripts/chromium.sh"], { cwd: project, encoding: "utf8" }).trim(),
    args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-background-networking"],
  });
  try {
    await firstVisit(browser, shell.origin, 1);
    await firstVisit(browser, shell.origin, slowdown);
    await longLog(browser, shell.origin);
  } finally {
    await browser.close();
    await shell.stop();
  }
}

async function firstVisit(browser: Browser, origin: string, rate: number): Promise<void> {
  const page = await browser.newPage();
  // What is fetched when the page has nothing to do is no part of the first load.
  await page.addInitScript("window.requestIdleCallback = () => 0");
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate });
  let bytes = 0;
  const bodies: Promise<void>[] = [];
  page.on("response", (response) => {
    bodies.push(
      response.body().then(
        (body) => {
          bytes += gzipSync(body).length;
        },
        () => {},
      ),
    );
  });
  await page.goto(pageLink(origin, { job: { image: "longshore/shell", command: "true" }, more: { N: String(rate) } }));
  await page.getByRole("button", { name: "Run", exact: true }).waitFor();
  const times: unknown = await page.evaluate(
    `({ paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0, run: performance.now() })`,
  );
  await Promise.all(bodies);
  const at = rate === 1 ? "" : ` at ${rate} × slower CPU`;
  printRow({
    what: `first contentful paint${at}`,
    value: msOf(times, "paint"),
    peer: rate === 1 ? "1.26 s" : "4.4 s, slow 4G",
  });
  printRow({ what: `Run is there${at}`, value: msOf(times, "run") });
  if (rate === 1)
    printRow({ what: "loaded until then, gzip", value: `${(bytes / 1024).toFixed(1)} KiB`, peer: "382 KB" });
  await page.close();
}

function msOf(times: unknown, name: string): string {
  const value =
    typeof times === "object" && times !== null ? Object.entries(times).find(([key]) => key === name)?.[1] : 0;
  return `${Math.round(Number(value))} ms`;
}

async function longLog(browser: Browser, origin: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const devtools = await page.context().newCDPSession(page);
  await page.goto(pageLink(origin, { job: { image: "longshore/shell", command: "echo hi" }, more: { LINES: "1" } }));
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByRole("status", { name: "State" }).filter({ hasText: "Done" }).waitFor({ timeout: containerMs });
  const empty = await heapOf(devtools);
  // The job has printed little: what the server would say of a million lines is played here.
  await page.route("**/run-logs.json?since=*", (route) => {
    const since = Number(new URL(route.request().url()).searchParams.get("since"));
    const count = Math.min(sliceLines, million - since);
    const data = Array.from({ length: count }, (_, index) => [
      `line ${since + index} \u001b[32mof a long log\u001b[0m, as programs print them`,
      1_700_000_000_000 + since + index,
    ]);
    return route.fulfill({
      json: { data, sliceStart: since, nextCursor: since + count, isFinal: since + count === million },
    });
  });
  await page.route("**/result.json", async (route) => {
    const response = await route.fetch();
    const body = await response.text();
    return route.fulfill({
      response,
      body: body.replace(/"logs":\[\[.*?\]\]/, '"logs":[["— 999999 lines are left out here —",1]]'),
    });
  });
  const start = performance.now();
  await page.reload();
  await page.getByText("1,000,000 lines").waitFor({ timeout: containerMs * 4 });
  printRow({ what: "a million lines read and shown", value: `${((performance.now() - start) / 1000).toFixed(1)} s` });
  const full = await heapOf(devtools);
  printRow({ what: "heap of the page with them", value: `${full} MiB`, floor: `${empty} MiB with one line` });
  printRow({ what: "a frame while scrolling through them", value: `${await frameMs(page)} ms, median` });
  const searched = performance.now();
  await page.getByRole("searchbox", { name: "Search the log" }).fill("line 999999 ");
  await page.getByText("1 of 1", { exact: true }).waitFor({ timeout: containerMs });
  printRow({ what: "a search through them", value: `${Math.round(performance.now() - searched)} ms` });
  await page.close();
}

async function heapOf(devtools: CDPSession): Promise<number> {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  return Math.round(usedSize / 1024 ** 2);
}

async function frameMs(page: Page): Promise<number> {
  const median: unknown = await page.evaluate(`new Promise((resolve) => {
    const box = document.querySelector("[role=log]");
    const times = [];
    let last = performance.now();
    const step = () => {
      const now = performance.now();
      times.push(now - last);
      last = now;
      if (times.length === 120) return resolve(times.sort((a, b) => a - b)[60]);
      box.scrollTop = (box.scrollHeight / 120) * times.length;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  })`);
  return Math.round(Number(median));
}
