// The sizes, times and counts of images, each with its reason.

const MiB = 1024 * 1024;
const minuteMs = 60_000;

/** A pull of a large image over a slow line. */
export const pullMs = 60 * minuteMs;
/** A pull that says nothing for this long is stuck (docker-perf: the largest silence measured was 0.1 s). */
export const pullSilenceMs = 5 * minuteMs;
/** Images whose origin is remembered, the most recently used win. */
export const imageRecordsMax = 10_000;
/** When an image was last used is written that often: enough to know what nobody uses. */
export const usedGrainMs = 60 * minuteMs;
/** A program that hands out a login: it asks a key store or, for clouds, a server. */
export const loginHelperMs = 30_000;
/** The file of logins, and what a helper prints. */
export const loginBytesMax = 1 * MiB;
/** Lines that who joins a pull or a build late is told of what was said before. */
export const replayLinesMax = 2_000;
