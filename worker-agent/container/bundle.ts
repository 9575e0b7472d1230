// Makes `dist/agent/longshore.mjs`, the command in one file, for the agent's image. The embedded control plane stays out of it.

import { cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "dist/agent");

await mkdir(folder, { recursive: true });
await build({
  entryPoints: [join(root, "worker-agent/cli.ts")],
  outfile: join(folder, "longshore.mjs"),
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  legalComments: "none",
  // What is only loaded for an engine behind ssh, and faster with native parts that nobody needs.
  external: ["*.node", "cpu-features", "../local.ts"],
  // Some packages are of the older kind of module.
  banner: {
    js: [
      'import { createRequire } from "node:module";',
      "const require = createRequire(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename;",
    ].join("\n"),
  },
  logLevel: "warning",
});
await cp(join(dirname(fileURLToPath(import.meta.url)), "Dockerfile"), join(folder, "Dockerfile"));
