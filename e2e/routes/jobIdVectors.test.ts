// Job ids are the same in workerd as everywhere (Node: wire/jobId.test.ts; a browser: e2e/browser/jobIdVectors.spec.ts).

import { afterAll, beforeAll, expect, test } from "vitest";
import vectors from "../../wire/job-id-vectors.json" with { type: "json" };
import { type RunningWorker, startWorker } from "../shells/worker.ts";

const source = `
  import { canonicalForm, hashOfCanonical } from "./wire/jobId.ts";
  export default {
    async fetch(request) {
      const canonical = canonicalForm(await request.json());
      return Response.json({ canonical, id: hashOfCanonical(canonical) });
    },
  };
`;

let worker: RunningWorker | undefined;
beforeAll(async () => {
  worker = await startWorker(source);
});
afterAll(() => worker?.stop());

test.each(vectors)("in workerd, the id of $name", async ({ definition, canonical, id }) => {
  const response = await fetch(worker?.origin ?? "", { method: "POST", body: JSON.stringify(definition) });
  expect(await response.json()).toEqual({ canonical, id });
});
