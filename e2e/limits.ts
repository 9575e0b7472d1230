// How long tests wait, and how often they look. A wait ends as soon as what it waits for is there.

/** What a started program needs to answer, on a busy machine. */
export const startMs = 20_000;
/** A program that was told to stop ends by itself within this. */
export const stopMs = 15_000;
/** workerd waits for open sockets before it ends: after this it is killed, which its data survives. */
export const workerdStopMs = 1_500;
/** Anything that two processes on one machine tell each other, also when it has other work. */
export const answerMs = 20_000;
/** A look at a state over HTTP is repeated after this. */
export const lookEveryMs = 25;
/** A closed connection is noticed at the latest when the next heartbeat of 15 s is written to it. */
export const streamClosedMs = 25_000;
/** An idle Durable Object is put to sleep after about 10 s, counted from its last alarm: a lease may end before. */
export const hibernationMs = 60_000;
/** A lost agent's job is assignable after at most its lease of 20 s, or 10 s after its socket closed. */
export const leaseEndMs = 45_000;
/** Building a page with Vite or a Worker with esbuild. */
export const buildMs = 60_000;
/** `wrangler dev` starts several processes and a build. */
export const wranglerStartMs = 90_000;
/** A container that runs a short script, images present. */
export const containerMs = 30_000;
/** Between two looks at a Worker's memory: each collects its garbage. */
export const heapEveryMs = 200;
/** Lines of a program's output that a failure shows. */
export const outputLinesShown = 60;
/** A webhook that failed once is sent again after a random time below 10 s. */
export const webhookRetryMs = 20_000;
