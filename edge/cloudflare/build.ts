// Bundles the Worker to dist/worker/worker.js: `wrangler` and the tests run the same file.

import { build, type Plugin } from "esbuild";

// The AWS SDK's browser build parses XML with DOMParser, which workerd has not; its other parser is plain JavaScript.
const plainXmlParser: Plugin = {
  name: "plain-xml-parser",
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /\/xml-parser(\.browser)?$/ }, async ({ resolveDir, importer, pluginData }) =>
      pluginData === "resolved" || !importer.includes("xml-builder")
        ? undefined
        : resolve("./xml-parser.js", { resolveDir, kind: "import-statement", pluginData: "resolved" }),
    );
  },
};

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
  plugins: [plainXmlParser],
  logLevel: "warning",
});
