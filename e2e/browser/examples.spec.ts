// The page without a job: what it offers to a newcomer, each example as it is, but for images and a repository of this machine.

import { randomUUID } from "node:crypto";
import { removeImages } from "../shells/containers.ts";
import { type GitServer, startGitServer } from "../shells/gitServer.ts";
import { startNodeShell } from "../shells/nodeShell.ts";
import { pageLink } from "./links.ts";
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
      await page.getByRole("button", { name: new RegExp(`^${name} `) }).click();
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

    // What a build printed stands by itself, as a list of its steps; the one that runs or has failed lies open.
    await expect(log).not.toContainText("COPY");
    await page.getByRole("combobox", { name: "Lines to show" }).selectOption("Build");
    const steps = page.getByRole("list", { name: "Build steps" }).getByRole("button");
    await expect(steps).toHaveText([
      /^1 of 4FROM/,
      /^2 of 4LABEL/,
      /^3 of 4COPY hello \/hello\d+.* m?s$/,
      /^4 of 4CMD/,
    ]);
    const opened = page.getByRole("list", { name: "Build steps" }).getByRole("button", { expanded: true });
    await expect(opened).toHaveCount(0);
    const dockerfile = `FROM longshore/shell\nLABEL ${label}\nRUN echo printed; sleep 1; exit 3`;
    await page.goto(pageLink(origin, { job: { build: { dockerfile } } }));
    await controls(page).run.click();
    await expect(page.getByText("printed", { exact: true })).toBeVisible(slowly);
    await expect(opened).toHaveText(/^3 of 3RUN echo printed/);
    await expect(state).toContainText("Failed", slowly);
    await expect(opened).toHaveText(/failed after \d/);
    await expect(page.getByText("printed", { exact: true })).toBeVisible();
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
