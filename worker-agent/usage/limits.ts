// When a running job's resources are looked at, each with its reason.

/** A job that is over sooner is not looked at while it runs: it costs no frame. */
export const firstSampleMs = 1_000;
/** A curve that moves as one watches ... */
export const sampleEveryMs = 2_000;
/** ... and, once there is a curve, one that costs little: a long job is watched rarely. */
export const sampleSlowlyMs = 5_000;
export const sampleSlowlyAfterMs = 60_000;
/** The engine's own answer, where this agent doesn't see the kernel's: it may wait a second for a second look. */
export const engineStatsMs = 10_000;
/** A driver that sleeps takes a second or two to answer. */
export const driverAnswerMs = 5_000;
/** The kernel's own limit of a record of its log, and many more of them than its buffer has. */
export const kernelRecordBytes = 8 * 1024;
export const kernelRecordsMax = 50_000;
