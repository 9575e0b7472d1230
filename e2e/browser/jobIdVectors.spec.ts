// Job ids are the same in a browser as everywhere, on a page of plain http too.

import { expect, test } from "@playwright/test";
import { build } from "esbuild";
import vectors from "../../wire/job-id-vectors.json" with { type: "json" };
import { project } from "../shells/shell.ts";

test("in a browser, the id of every vector is as it should be", async ({ page }) => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { canonicalForm, hashOfCanonical } from "./wire/jobId.ts";
        export const ids = (all) => all.map((one) => canonicalForm(one)).map((text) => [text, hashOfCanonical(text)]);`,
      resolveDir: project,
      loader: "ts",
    },
    bundle: true,
    format: "iife",
    globalName: "wire",
    write: false,
  });
  await page.addScriptTag({ content: outputFiles[0]?.text ?? "" });
  const ids = await page.evaluate(`wire.ids(${JSON.stringify(vectors.map(({ definition }) => definition))})`);
  expect(ids).toEqual(vectors.map(({ canonical, id }) => [canonical, id]));
});
