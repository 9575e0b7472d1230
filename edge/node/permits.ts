// One-time permits: the link that `npm start` prints may run its job without asking, once.

import { randomBytes } from "node:crypto";
import type { Hono } from "hono";
import * as v from "valibot";
import { jsonBody } from "../routes/body.ts";
import { fail, parse } from "../routes/params.ts";

export class Permits {
  readonly #open = new Set<string>();

  issue(): string {
    const permit = randomBytes(16).toString("hex");
    this.#open.add(permit);
    return permit;
  }

  /** True once for each permit. */
  redeem(permit: string): boolean {
    return this.#open.delete(permit);
  }
}

/** `POST /permit {permit}`: 200 if it was open, which it then no longer is. Only pages of this server get here. */
export function permitRoute(permits: Permits): (app: Hono) => void {
  return (app) => {
    app.post("/permit", async (c) => {
      const { permit } = parse(v.object({ permit: v.string() }), await jsonBody(c));
      return permits.redeem(permit) ? c.json({ ok: true }) : fail(403, "This permit was used before, or never given.");
    });
  };
}
