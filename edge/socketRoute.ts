// Which queue and role a socket's address names: one table for both shells.

import * as v from "valibot";
import { QueueName } from "../wire/ids.ts";

export type SocketRoute =
  | { readonly type: "socket"; readonly queue: QueueName; readonly role: "client" | "agent" }
  | { readonly type: "refused"; readonly status: 400 | 404 | 426; readonly error: string };

/** `/q/:queue/client`, its alias `browser`, our agents' `/q/:queue/agent`, and the same without `/q`. */
export function socketRoute(pathname: string): SocketRoute {
  const match = /^(?:\/q)?\/([^/]+)\/(client|browser|agent|worker)$/.exec(pathname);
  if (!match) return { type: "refused", status: 404, error: "Sockets are at /q/:queue/client and /q/:queue/agent." };
  const queue = v.safeParse(QueueName, decoded(match[1] ?? ""));
  if (!queue.success) return { type: "refused", status: 400, error: queue.issues[0].message };
  if (match[2] === "worker") {
    const error = "Longshore's agents speak their own protocol: run `longshore agent <queue> --api <this origin>`.";
    return { type: "refused", status: 426, error };
  }
  return { type: "socket", queue: queue.output, role: match[2] === "agent" ? "agent" : "client" };
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
