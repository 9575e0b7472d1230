// A request exactly as written: fetch would resolve the dots of a path, and sets Host and Origin by its own rules.

import { request } from "node:http";
import { within } from "./until.ts";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface RawOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function rawRequest(origin: string, path: string, options: RawOptions = {}): Promise<RawAnswer> {
  const { method = "GET", headers = {}, body } = options;
  const { hostname, port, host } = new URL(origin);
  const answer = new Promise<RawAnswer>((resolve, reject) => {
    const sent = request({ host: hostname, port, path, method, headers: { host, ...headers } }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
  return within(`the answer to ${method} ${path}`, answer, () => "nothing");
}
