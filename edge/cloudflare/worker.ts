// The Cloudflare shell: a Worker in front of one Durable Object for each queue.

import { type JobId, own, type QueueName } from "../../wire/ids.ts";
import { keyHashOf } from "../../wire/keyedQueue.ts";
import { createApp } from "../app.ts";
import { clientHash } from "../clientHash.ts";
import type { Caller, Deployment, FrameSink, QueueAccess, Watch } from "../deployment.ts";
import { workerBodyBytesMax } from "../limits.ts";
import { queueHash } from "../queueHash.ts";
import { socketRoute } from "../socketRoute.ts";
import { Archive } from "../stores/archive.ts";
import type { Environment } from "./environment.ts";
import { workerRules } from "./post.ts";
import type { QueueObject } from "./queueObject.ts";
import { storeOf } from "./storage.ts";

export { QueueObject } from "./queueObject.ts";

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") return connect(request, url, env);
    const app = createApp(deploymentOf(env, url), {
      onError: (error, { method, route }) =>
        console.error(JSON.stringify({ event: "request-failed", method, route, error: String(error) })),
    });
    return app.fetch(request, callerOf(request, env));
  },
} satisfies ExportedHandler<Environment>;

function connect(request: Request, url: URL, env: Environment): Response | Promise<Response> {
  const route = socketRoute(url.pathname);
  if (route.type === "refused") return Response.json({ error: route.error }, { status: route.status });
  const target = new URL("https://queue/");
  target.searchParams.set("role", route.role);
  target.searchParams.set("origin", env.PUBLIC_ORIGIN ?? url.origin);
  target.searchParams.set("name", route.queue);
  const { client } = callerOf(request, env);
  if (client !== null) target.searchParams.set("client", client);
  const keyHash = keyHashOf(route.queue);
  if (keyHash !== null) target.searchParams.set("key", keyHash);
  return env.QUEUES.get(objectId(env, route.queue)).fetch(new Request(target, request));
}

/** Cloudflare names the sender's address, and lets nobody else set that header. */
function callerOf(request: Request, env: Environment): Caller {
  return { client: clientHash(env.QUEUE_SECRET, request.headers.get("cf-connecting-ip") ?? undefined) };
}

function deploymentOf(env: Environment, url: URL): Deployment {
  const store = storeOf(env);
  const archive = new Archive(store);
  const origins = [...new Set([env.PUBLIC_ORIGIN ?? url.origin, url.origin])];
  return {
    origins,
    callbackRules: workerRules(origins),
    access: { type: "public" },
    blobs: store,
    bodyBytesMax: workerBodyBytesMax,
    archive: archive.oldest,
    queue: (name) => queueAccess(env, name, archive),
    page: async (path) => {
      // Set, not resolved: a path that begins with two slashes would name a host.
      const url = new URL("https://page/");
      url.pathname = path;
      const response = await env.ASSETS.fetch(new Request(url));
      return response.ok ? response : undefined;
    },
  };
}

function queueAccess(env: Environment, name: QueueName, archive: Archive): QueueAccess {
  const id = objectId(env, name);
  const queue = env.QUEUES.get(id);
  const stored = archive.ofQueue(own.queueHash(id.toString()));
  return {
    submit: async (submission) => queue.submit(submission),
    cancel: async (job, namespace, message) => queue.cancel(job, namespace, message),
    list: async () => queue.list(),
    job: async (job) => queue.job(job),
    // A finished job's row has let go of its definition.
    definition: async (job) => (await queue.definition(job)) ?? stored.definition(job),
    finished: async (job) => queue.finished(job),
    log: async (job, place) => {
      const view = await queue.log(job, place);
      return view === "archived" ? stored.log(job, place) : view;
    },
    watch: (job, sink) => watch(queue, job, sink),
    namespaces: async (job) => queue.namespaces(job),
    history: async (job) => queue.history(job),
    metrics: async () => queue.metrics(),
    status: async () => queue.status(),
  };
}

/** A socket of our own to the queue's object, which may sleep while it is open. */
async function watch(queue: DurableObjectStub<QueueObject>, job: JobId, sink: FrameSink): Promise<Watch> {
  const { webSocket: socket } = await queue.fetch(`https://queue/?role=watcher&job=${job}`, {
    headers: { upgrade: "websocket" },
  });
  if (!socket) throw new Error("The queue's object opened no socket.");
  socket.addEventListener("message", ({ data }: MessageEvent) => {
    if (typeof data === "string") sink.frame(data);
  });
  socket.addEventListener("close", () => sink.closed());
  socket.addEventListener("error", () => sink.closed());
  socket.accept();
  return { close: () => socket.close(1000) };
}

function objectId(env: Environment, name: QueueName): DurableObjectId {
  return env.QUEUES.idFromName(queueHash(env.QUEUE_SECRET, name));
}
