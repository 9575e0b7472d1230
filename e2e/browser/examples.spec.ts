// The page without a job: what it offers to a newcomer, each example as it is, but for images and a repository of this machine.

import { randomUUID } from "node:crypto";
import { removeImages } from "../shells/containers.ts";
import { type GitServer, startGitServer } from "../shells/gitServer.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { attachOutput, controls, expect, slowly, test } from "./longshore.ts";

const label = `longshore.test=${randomUUID()}`;
const repository = {
  "amd64/hello-world/Dockerfile": `FROM longshore/shell\nLABEL ${label}\nCOPY hello /hello\nCMD ["cat", "/hello"]\n`,
  "amd64/hello-world/hello": "Hello from a build.\n",
};

const builds = test.extend<{ git: GitServer; origin: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameters' names
  git: async ({}, use) => {
    const git = await startGitServer(repository);
    await use(git);
    await git.stop();
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameters' names
  origin: async ({}, use, info) => {
    const shell = await startNodeShell({ agent: true, anyAgent: false, allowRanges: ["127.0.0.0/8"] });
    await use(shell.origin);
    await attachOutput(shell, info);
    await shell.stop();
    await removeImages(label);
  },
});

builds(
  "an empty address explains itself, and each of five examples runs with one click",
  async ({ page, git, origin }) => {
    await page.route("**/examples.json", async (route) => {
      const text = await (await route.fetch()).text();
      const here = text
        .replace(/"python:[^"]+"/g, '"longshore/python"')
        .replace(/"r-base:[^"]+"/g, '"longshore/r"')
        .replace(/https:\/\/github\.com\/[^/"]+\/[^/"]+\/tree\/[^/"]+\/([^"]+)/, `${git.url}#main:$1`);
      await route.fulfill({ body: here, contentType: "application/json" });
    });
    const { output, log, state } = controls(page);
    const tryOut = async (name: string) => {
      await page.goto(origin);
      await expect(page.getByRole("heading", { name: "Any Docker image, run from a URL" })).toBeVisible();
      await expect(page.getByRole("region", { name: "Examples" }).getByRole("button")).toHaveCount(5);
      await page.getByRole("button", { name, exact: true }).click();
    };
    await tryOut("Shell");
    await expect(output("hello.txt")).toContainText("Hello", slowly);
    await tryOut("Python");
    await expect(output("squares.csv")).toContainText("square", slowly);
    await tryOut("A plot");
    await expect(page.getByRole("img", { name: "The output wave.svg" })).toBeVisible(slowly);
    await tryOut("R");
    await expect(output("x.csv")).toContainText("3.4", slowly);
    await tryOut("A build from git");
    await expect(state).toContainText("Done", slowly);
    await expect(log).toContainText("Hello from a build.");
  },
);

test("without its examples, the page still makes a job of an image and a command", async ({ page, longshore }) => {
  await page.route("**/examples.json", (route) => route.abort());
  await page.goto(longshore.origin);
  await page.getByRole("textbox", { name: "Image" }).fill("longshore/shell");
  await page.getByRole("textbox", { name: "Command" }).fill("echo made here");
  await page.getByRole("button", { name: "Make the job" }).click();
  await controls(page).run.click();
  await expect(controls(page).log).toContainText("made here", slowly);
});
