// Bundles the Worker to dist/worker/worker.js: `wrangler` and the tests run the same file.

import { build } from "esbuild";

await build({
  entryPoints: ["edge/cloudflare/worker.ts"],
  outfile: "dist/worker/worker.js",
  bundle: true,
  minify: true,
  sourcemap: "linked",
  format: "esm",
  target: "es2024",
  conditions: ["workerd", "worker", "browser"],
  mainFields: ["browser", "module", "main"],
  external: ["cloudflare:workers"],
  logLevel: "warning",
});
