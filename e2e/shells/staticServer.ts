// A web server of a few files on a port of its own: to a browser, somebody else's site.

import { createServer } from "node:http";

export interface StaticServer {
  readonly origin: string;
  stop(): Promise<void>;
}

const types: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript", json: "application/json" };

/** Serves each text at its path; anything else is a 404 that any page may read. */
export async function startStaticServer(files: Readonly<Record<string, string>>): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const text = files[pathname];
    const type = types[pathname.split(".").at(-1) ?? ""] ?? "text/html";
    response.writeHead(text === undefined ? 404 : 200, {
      "content-type": `${type}; charset=UTF-8`,
      "access-control-allow-origin": "*",
    });
    response.end(text ?? "There is nothing here.");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    origin: `http://localhost:${port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
