// Sizes, times and counts of parked containers, each with its reason.

/** A container that waits for a job ends after this: a slider has been let go. */
export const parkedIdleMs = 60_000;
/** A job that runs longer than this leaves the engine time to park the next one meanwhile; a shorter one's end comes first. */
export const parkAfterMs = 100;
/** After a container's end its result is on its way for so long; the next container's start would only be in its way. */
export const parkAfterEndMs = 20;
/** A parked container gets its job's name once that has run so long. */
export const renameAfterMs = 250;
/** From a parked container's creation to its waiting helper, on a busy engine. */
export const parkingMs = 30_000;
/** Whether the helper waits is looked at that often; it does when the engine says that it has started, or a moment later. */
export const parkedLookMs = 5;
/** A host on which parking failed that often in a row is left alone. */
export const parkingFailuresMax = 3;
/** What a parked container is told at most: a pipe's buffer takes it at once, so that it arrives whole or not at all. */
export const releaseBytesMax = 60 * 1024;
/** A job waits this long for a container that is being parked for it; then its own would have been there too. */
export const parkedWaitMs = 2_000;
/** A busybox that is tried prints one line. */
export const helperTryMs = 5_000;
