// The agent's sizes, times and counts, each with its reason. What both sides of a socket must agree on is in wire/limits.ts.

import type { Backoff } from "./retry.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const minuteMs = 60_000;

/** Node's timers take no more (about 24 days); a longer one would fire at once. */
export const timerMsMax = 2 ** 31 - 1;

// The queue's socket.

/** A TCP and WebSocket handshake across the world, with room. */
export const connectMs = 10_000;
/** From our hello to the welcome. */
export const welcomeMs = 10_000;
/** A half-open socket is noticed before the lease (20 s) ends: a ping that often, and silence at most this long. */
export const pingEveryMs = 4_000;
export const silenceMs = 10_000;
/** After a loss: full jitter, so that an edge that restarts is not met by all agents at once. The cap leaves several tries in `comeBackMs`. */
export const reconnect = { baseMs: 250, capMs: 3_000 } as const;
/** After a refusal: somebody must change something first. */
export const refusedRetry = { baseMs: 60_000, capMs: 60_000 } as const;
/** Finishes in one frame: well below `agentFrameBytesMax`; the rest follow when these are answered. */
export const finishesBytesMax = 4 * MiB;
/** A closing socket gets this long for its last frames and the close handshake. */
export const socketCloseMs = 500;
/** A stopping agent waits this long for the queue to answer its last sync. */
export const lastAnswerMs = 1_000;
/** A draining agent whose jobs have ended waits this long for their finishes to be answered. */
export const drainAnswerMs = 30_000;

// Progress.

/** A phase that is over sooner is not worth a frame. */
export const progressAfterMs = 250;
/** Pull progress at most that often. */
export const progressEveryMs = 1_000;

// Logs.

/** Lines are sent when the oldest has waited this long. */
export const logBatchMs = 100;
/** A line that redraws itself is shown at most that often. */
export const redrawMs = 1_000;
/** A longer line comes in pieces: at four bytes a character still below `logFrameBytesMax`. */
export const logLineCharsMax = 32 * KiB;
/** Text of one batch, unless a line is longer. In a flood its lines become JSON before a collection of new garbage sees them twice. */
export const logBatchBytesMax = 16 * KiB;
/** Log lines in one batch, however short, so that none takes long to parse. */
export const logBatchLinesMax = 5_000;
/** What a job may print; what follows is read and dropped, with a note. */
export const logBytesMax = 256 * MiB;
/** Lines that a queue is told before it is told of their piece, with what a row of them takes there: below `liveLogBytesMax`. */
export const logAheadBytesMax = 2.5 * MiB;
export const logRowBytes = 128;
/** Pieces of a log on their way at once: enough to fill a line. As many are in memory, and one that fills; the others in the job's folder. */
export const piecesAtOnce = 4;
/** Pieces have `logPieceBytes` at first and are larger later: 256 MiB of empty lines are 6 GiB in JSON, and a queue takes 3,072 pieces. */
export const firstPiecesMax = 128;
export const laterPieceBytes = 2 * MiB;
/** Docker's own copy, from which a restarted agent reads again: `logBytesMax` with some 30 bytes for each line, if they are no shorter. */
export const engineLog = { "max-size": "128m", "max-file": "4", compress: "false" } as const;
/** A line comes here after the engine has noted its time, by clocks that may be two: of a virtual machine and its host. */
export const clockSlackMs = 1_000;

// The engine.

/** An engine call that does no work of its own; a busy engine may take seconds. */
export const engineCallMs = 60_000;
/** Containers being created, started or removed at once, for each CPU: more only waits inside the engine (docker-perf §2). */
export const engineWorkPerCpu = 2;
/** How long the engine may be away (a restart, an update) while a job runs. */
export const engineAwayMs = 60_000;
/** How long a removal waits for an engine that is being restarted; then it is put off until that is back. */
export const engineRestartMs = 20_000;
export const engineRetry = { baseMs: 500, capMs: 2_000 } as const;
/** After a container has ended its output may still be on its way for this long. */
export const lastOutputMs = 5_000;
/** TERM, then this long, then KILL. */
export const stopGraceMs = 5_000;
/** The same when the agent itself stops: the person at the keyboard waits. */
export const shutdownGraceMs = 500;
/** The exit code of a process that was killed: 128 and the signal's number. */
export const killedStatus = 137;
/** News of a lack of memory come to the engine beside those of the end that it makes. */
export const oomNewsMs = 500;
/** KILL to gone. */
export const killMs = 20_000;
/** Processes and threads of one job: a fork bomb ends here. */
export const pidsMax = 1024;
/** What one job writes, unless the operator says otherwise: more than most, and no laptop's whole disk. */
export const jobDiskBytes = 50 * GiB;
/** What a queue keeps in /job-cache, unless the operator says otherwise: a few large models. */
export const jobCacheBytes = 50 * GiB;
/** The smallest memory limit that the engine takes. */
export const memoryBytesMin = 6 * MiB;
/** The smallest share of a CPU that the engine takes. */
export const cpusMin = 0.01;
/** The NVIDIA driver is asked once, at the start; it may have to wake its devices. */
export const driverAnswerMs = 20_000;
/** What a host keeps for itself when no memory is named. */
export const hostMemoryShare = 0.8;

// The network of jobs.

/** Namespaces that wait for a job, beside those in use: the next job finds one while the last one's is cleared. */
export const namespacesAhead = 2;
/** All namespaces, for each slot: one in use and one that another queue used last. Each costs a process and its shim. */
export const namespacesPerSlot = 2;
/** A holder can die between being taken and being joined: twice in a row something else is wrong. */
export const namespaceTries = 3;
/** A holder is one shell that waits: it needs next to nothing, and is told so. */
export const holderMemoryBytes = 32 * MiB;
export const holderPidsMax = 16;
/** From a holder's creation to its fence, on a busy engine. */
export const namespaceMs = 60_000;
/** A holder's answer to a question: it only reads a few files. */
export const holderAnswerMs = 5_000;
/** Whether the host's addresses or resolvers have changed is looked at that often where this process can see them ... */
export const hostLookMs = 5_000;
/** ... and asked of the engine that often, for an engine that runs elsewhere. */
export const hostAskMs = 10 * minuteMs;
/** The shortest prefix of a network that a host shares with neighbours: campuses have /16s. */
export const subnetPrefixMin = 16;
/** A connection that a self-test tries: what answers at all in a local network answers sooner. */
export const probeSeconds = 2;
/** A host with many bridges has many addresses; all are tried at once, with some processes each. */
export const probeTargetsMax = 16;
export const probePidsMax = 128;
/** Files of a job that are made the agent's own: a hundred thousand of them are known at once, and take minutes on a slow disk. */
export const takeOverMemoryBytes = 256 * MiB;
export const takeOverMs = 10 * minuteMs;
/** Tools of the host that are copied into an image: a shell and `ip` are 8 MB with their libraries. */
export const toolsBytesMax = 64 * MiB;

// Inputs.

export const inputFetchesAtOnce = 8;
/** One input from a URL. */
export const inputBytesMax = 64 * GiB;
/** One input's transfer, and the longest silence in it. */
export const inputMs = 60 * minuteMs;
export const transferSilenceMs = 60_000;
export const redirectsMax = 5;
/** Network errors and 5xx of a source. */
export const fetchRetry: Backoff = { tries: 4, baseMs: 500, capMs: 5_000 };
/** An error body is only read for its sentence. */
export const errorBodyBytesMax = 8 * KiB;

// Outputs.

/** Files of one job's outputs: a result names each of them, with this much beside its name and the deployment's address. */
export const outputsMax = 100_000;
export const refBytes = 220;
/** A result that must be uploaded anyway takes so much of small outputs: at four thirds in base64 far below `resultBytesMax`. */
export const largeResultInlineBytesMax = 2 * MiB;
/** What a result of outputs leaves for those, for its log and the rest. */
export const resultRoomBytes = 4 * MiB;
/** Files below this are hashed and read in one go; larger ones are streamed. */
export const smallFileBytes = 256 * KiB;
/** Large files are read in pieces of this size: fewer calls, and still little memory. */
export const readChunkBytes = 1 * MiB;
/** They are sent in smaller ones: many may be on their way at once, and each has two in memory. */
export const sentChunkBytes = 256 * KiB;
/** Hashing small files gives way to everything else that often. */
export const hashSliceMs = 20;
export const uploadsAtOnce = 16;
/** Asking whether the store has a blob costs as much as sending a smaller one. */
export const askFirstBytes = 16 * KiB;
/** Bodies below this are sent at once: waiting for "100 Continue" would cost more than a body that a redirect wastes. */
export const expectContinueBytes = 64 * KiB;
/** A server that never says "100 Continue" gets the body after this long, as RFC 9110 10.1.1 asks. */
export const continueMs = 2_000;
/** Uploads, whole or a part: each may try for some minutes, since the job that would be repeated took longer. */
export const uploadRetry: Backoff = { tries: 20, baseMs: 500, capMs: 30_000 };
/** Parts of one file on their way at once: enough to fill a line, few enough for stores that allow only some. */
export const partsAtOnce = 3;
/** An unanswered question to the queue is asked again after this; completing many parts takes a store minutes. */
export const askAgainMs = 5 * minuteMs;
/** A failed upload's parts are cleaned up if that is quick. */
export const abortUploadMs = 10_000;
/** A tree that is too deep for this process is removed by another. */
export const removeMs = 10 * minuteMs;
/** Names of outputs that could not be taken, in the log. */
export const skippedNamesMax = 20;

// Disk.

/** How much a job has written is looked at that often ... */
export const diskLookMs = 2_000;
/** ... and so much more seldom than a look takes: counting never costs more than a twentieth of a CPU. */
export const diskLookShare = 20;
/** What stays free on a disk, unless the operator says otherwise: below it a system's own programs begin to fail. */
export const keepFreeBytes = 5 * GiB;
/** Below it no more jobs are taken: their logs and outputs would fail. Small machines live with less than `keepFreeBytes`. */
export const diskFullBytes = GiB / 2;
/** Inputs that are kept for later jobs, unless the operator says otherwise. */
export const inputCacheBytes = 50 * GiB;
/** How much is free is asked that often ... */
export const diskStatMs = 30_000;
/** ... and what could be removed counted that often, if there is room. */
export const housekeepingMs = 10 * minuteMs;
/** Where something must go, more goes: down to this part of what is allowed. */
export const roomShare = 0.8;
/** What was used just now may be about to be used again, by a job that has not said so yet. */
export const spareAfterMs = minuteMs;
/** For images this is written down only every hour. */
export const imageSpareAfterMs = 120 * minuteMs;
/** Counting files gives way to everything else that often. */
export const walkSliceMs = 10;

// How long it serves.

/** A pause, or its end, is noticed within this; a look is one small read. */
export const pauseLookMs = 1_000;
/** An agent's state is written to its folder so long after it changed: a person's question is never sooner. */
export const statusWriteMs = 500;
/** A folder's lock is waited for so long: a look at it takes a few milliseconds. */
export const lockWaitMs = 500;
export const pauseNoteCharsMax = 200;
/** Whether the engine still answers is asked that often. */
export const engineLookMs = 3_000;
/** A busy engine may be slow to answer; two silences in a row are an absence. */
export const enginePingMs = 10_000;
export const engineSilencesMax = 2;
/** As with agents that are lost (DESIGN §2): a job with which the engine went away so often is given up. */
export const engineLossesMax = 3;
/** Jobs of which that is remembered. */
export const engineLossesKeptMax = 1_000;

// The command.

/** A clock that is off by more than this makes times of jobs hard to believe; a Date header counts whole seconds. */
export const clockSkewMsMax = 5_000;

/** A queue's key: as much chance as anybody needs. */
export const keyBytes = 32;

// The data folder.

/** A finish that no queue has asked for is dropped after this: as long as queues keep results. */
export const spoolKeepMs = 28 * 24 * 60 * minuteMs;

/** The longest a job runs on a machine whose owner says nothing: what a definition that names no time gets. */
export const defaultJobMs = 5 * minuteMs;
/** `npm start` shows that a job runs; pulling nothing, it ends long before. */
export const checkJobMs = 60_000;

/** A process whose agent has stopped ends within this, whatever is still open in it: everything of worth is on disk. */
export const exitMs = 3_000;

/** After a second Ctrl-C containers go within that, or at the next start; a busy engine takes seconds for ten. */
export const lastRemovalMs = 15_000;
