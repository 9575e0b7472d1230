// Every size, time and count that both sides of a process boundary rely on, each with its reason.

/** A definition in its canonical form, UTF-8 bytes. Larger content is uploaded and referenced. */
export const definitionBytesMax = 1024 * 1024;
/** Any JSON request body: a definition plus its control block and names. */
export const jsonBodyBytesMax = definitionBytesMax + 64 * 1024;
/** A result that rides in the agent's finish and in the queue's row; a larger one is uploaded first. */
export const resultInlineBytesMax = 64 * 1024;
/** An uploaded result: a hundred thousand outputs of about 200 bytes each, and room. */
export const resultBytesMax = 32 * 1024 * 1024;
/** `result.logs` holds everything up to here, else the beginning, a note and the end. */
export const resultLogBytesMax = 32 * 1024;
/** One frame of a client's socket: a submit with the largest definition. */
export const clientFrameBytesMax = jsonBodyBytesMax;
/** One frame of an agent's socket: many finishes at once, below workerd's 32 MiB. */
export const agentFrameBytesMax = 8 * 1024 * 1024;
/** Log text in one frame; the agent batches below it. */
export const logFrameBytesMax = 256 * 1024;
/** An agent seals its log into the store in pieces of about this size, bytes of JSON: few requests, and quick to read. */
export const logPieceBytes = 1024 * 1024;
/** A piece that is taken: one batch more than `logPieceBytes`, whose text may be several times as long in JSON. */
export const logPieceBytesMax = 4 * 1024 * 1024;
/** Lines of a running job that no piece has, bytes of JSON: a piece that is being stored, one that fills, and what is on its way. An agent
 * that seals waits rather than send more; beyond it the queue drops the oldest. */
export const liveLogBytesMax = 3 * 1024 * 1024;
/** A line's number: far above what a log of 256 MiB can reach, and exact in every arithmetic. */
export const logLineNumberMax = 2 ** 40;

/** Above this a page or an agent uploads a data ref instead of inlining it: characters of the value, as the peer counts. */
export const inlineRefCharsMax = 200;
/** An output that rides inline in the result. */
export const inlineOutputBytesMax = 4 * 1024;
/** All inline outputs of one result together, so that an ordinary result stays below `resultInlineBytesMax`. */
export const inlineOutputsBytesMax = 16 * 1024;

/** A blob above this goes in parts where the store takes them: a broken connection then costs a part, not hours. */
export const wholeBlobBytesMax = 1024 ** 3;
/** The largest blob in parts: what an agent takes as an input. */
export const partsBlobBytesMax = 64 * 1024 ** 3;
/** Signed addresses in one answer: as many parts as are sent before the addresses are old. */
export const partUrlsMax = 8;
/** Parts of one blob; S3's own limit. */
export const blobPartsMax = 10_000;

/** JSON nesting in a definition: deeper is nobody's data and would exhaust a stack. */
export const jsonDepthMax = 64;
/** Inputs plus config files of one job. */
export const inputsMax = 10_000;
/** One path inside /inputs or /outputs, UTF-8 bytes (Linux PATH_MAX is 4096 with the mount's own path). */
export const pathBytesMax = 2048;
/** One segment of a path, UTF-8 bytes (NAME_MAX). */
export const pathSegmentBytesMax = 255;
export const envEntriesMax = 1000;
export const tagsMax = 64;
export const shortTextCharsMax = 4096;

/** A webhook's address: what proxies and servers pass. */
export const callbackUrlCharsMax = 2048;
/** What comes along with a webhook, as JSON: an id and a few fields, not data. */
export const callbackPayloadCharsMax = 16 * 1024;
/** What signs a webhook: longer than any key that HMAC-SHA256 makes use of. */
export const callbackSecretCharsMax = 256;

/** A queue's name is its credential; 128 random bits fit several times over. */
export const queueNameCharsMax = 128;
export const namespaceCharsMax = 256;
export const blobKeyCharsMax = 200;

/** What a job gets that names no time. */
export const defaultDurationMs = 5 * 60 * 1000;

/** Samples of a running job's resources in one frame, and GPUs in one sample: an agent sends one sample every few seconds. */
export const resourceSamplesMax = 60;
export const gpusShownMax = 64;

/** An agent's lease; renewed by its syncs. */
export const leaseMs = 20_000;
/** A closed socket leaves its agent this long to come back: several tries over a broken network, and soon enough for its jobs if it died. */
export const comeBackMs = 10_000;
/** An agent syncs at a random moment in this range, well below `leaseMs`. */
export const syncEveryMsMin = 5_000;
export const syncEveryMsMax = 8_000;

/** A client sends PING and expects PONG; the page's period. */
export const pingEveryMs = 5_000;

/** The agents' protocol. The edge speaks this one (and, once there are two, the one before). */
export const agentProtocol = 1;
