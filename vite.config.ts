// Builds the page of web/ into dist/web; serves it with reload for development, with the queue's server behind it.

import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

// The embedded server that `npm run dev` starts beside this one.
const server = process.env.LONGSHORE_API ?? "http://localhost:8000";
const isOfServer = (path: string) => /^\/(q|f|permit|healthz|j\/[^/]+\/.+|j\/[^/]+\.json)(\/|$)/.test(path);

export default defineConfig({
  root: "web",
  base: "/",
  plugins: [preact()],
  build: { outDir: "../dist/web", emptyOutDir: true, target: "esnext", modulePreload: { polyfill: false } },
  server: {
    proxy: {
      // The Origin header must be the server's own, which refuses what other pages send.
      "^/(q|f|permit|healthz|j)(/|$)": {
        target: server,
        changeOrigin: true,
        ws: true,
        headers: { origin: server },
        bypass: ({ url }) => (url !== undefined && !isOfServer(url.split("?")[0] ?? "") ? "/index.html" : undefined),
      },
    },
  },
});
