// Sizes, times and counts of the page, each with its reason. What both sides of the wire rely on is in wire/limits.ts.

/** Waited after the last change before a definition is asked for or submitted, so that a moving slider is one job. */
export const settleMs = 200;
/** How long a framed page waits for a metapage's first inputs before autostart goes ahead without them. */
export const metapageWaitMs = 2_000;
/** A metapage that listens late hears the frame's next announcement: the first repetition, then ever more rarely. */
export const handshakeDelayMsFirst = 200;
export const handshakeDelayMsMax = 5_000;
/** After about two minutes the page around the frame is no metapage. */
export const handshakesMax = 30;

/** How long a download must have been watched before its pace says when it ends. */
export const paceMsMin = 3_000;

/** Between two messages of live outputs: other frames redraw for each. */
export const liveEveryMs = 500;
/** The end of the standard output that they carry. */
export const liveCharsMax = 256 * 1024;

/** No answer to a PING for this long means that the connection is dead (twice the period of the pings). */
export const pongTimeoutMs = 10_000;
/** A socket that has not opened by then is given up and tried again. */
export const connectTimeoutMs = 10_000;
/** The first reconnect comes within this time; each further one within twice the time of the one before. */
export const reconnectDelayMsFirst = 250;
/** A reconnect never waits longer: a person is looking. */
export const reconnectDelayMsMax = 5_000;
/** One frame from the server, UTF-16 units: a snapshot of a full queue stays far below it. */
export const serverFrameCharsMax = 32 * 1024 * 1024;

/** A request for a document: a definition, a result, a permit. */
export const requestTimeoutMs = 30_000;
/** One output's download: a large file over a slow line. */
export const transferTimeoutMs = 10 * 60 * 1000;
/** A result is asked for so many times: it is published a moment after its job is announced as finished. */
export const resultAttemptsMax = 5;
/** Between two of these attempts, at most. */
export const resultRetryMsMax = 1_600;
/** Finished runs whose results stay in memory, so that going back to a former input is instant. */
export const resultsKeptMax = 50;
/** Hashing yields to the page after each of these pieces: about ten milliseconds of work, so that it still draws. */
export const hashPieceBytes = 512 * 1024;
/** Larger files are asked for before they are sent: the store may have them. For smaller ones the question costs as much. */
export const askFirstBytes = 64 * 1024;
/** An upload that has not moved for so long is given up; a slow one takes its time. */
export const uploadSilenceMs = 2 * 60 * 1000;
/** Uploads that run at the same time: a browser opens six connections to one host. */
export const uploadsAtOnceMax = 4;

/** Log lines kept in the page; the oldest go first and the log says so. */
export const logLinesKeptMax = 1_100_000;
/** Characters of all lines together, two bytes each at worst; a job's log ends at 256 MiB anyway. */
export const logCharsKeptMax = 256 * 1024 * 1024;
/** Requests for one log: far above what a log of 256 MiB takes in slices of the server's size. */
export const logRequestsMax = 2_000;
/** Rows drawn above and below the visible ones. */
export const logRowsMargin = 40;
/** The height of a log row in CSS px; log.css has the same number. */
export const logRowPx = 18;
/** Browsers draw nothing below about 17.9 million px: a longer log scrolls in larger steps. */
export const logHeightPxMax = 15_000_000;
/** Closer to the end than this, the log follows. */
export const logFollowPx = 24;
/** Lines that are searched before the page may do something else. */
export const logSearchLines = 50_000;
/** Matches that are counted; who has more is looking for something else. */
export const logMatchesMax = 100_000;
/** A longer log is downloaded rather than copied. */
export const logCopyCharsMax = 8 * 1024 * 1024;
/** The end of what a build's step printed; a click shows all. */
export const buildLinesShown = 200;
/** A longer line is drawn up to here. */
export const logLineCharsShown = 20_000;

/** The first piece of a text that is shown; a click shows the next. */
export const previewTextBytesMax = 256 * 1024;
/** JSON and tables are read as a whole up to here, larger ones as far as this. */
export const previewDataBytesMax = 16 * 1024 * 1024;
/** A larger picture, or a document of a server that the page can't show directly, is not loaded for a preview. */
export const previewImageBytesMax = 64 * 1024 * 1024;
/** The first bytes of a file of an unknown kind. */
export const previewHexBytesMax = 1024;
export const previewHexRowBytes = 16;
/** Outputs that are pictured without being asked; the others open on a click. */
export const previewsOpenMax = 6;
/** Children of a JSON value that are shown at once. */
export const jsonChildrenShown = 200;
/** JSON values down to this depth are unfolded. */
export const jsonDepthOpen = 2;
/** The height of a table's row in CSS px; picture.css has the same number. */
export const tableRowPx = 24;
/** Rows drawn above and below the visible ones. */
export const tableRowsMargin = 20;
/** A plot draws at most this many points, the extremes of each stretch. */
export const plotPointsMax = 1_200;
/** Files that are packed into one zip in memory, where a browser has no file to pack them into. */
export const zipMemoryBytesMax = 512 * 1024 * 1024;
/** How far an image is zoomed in or out, in steps of a quarter. */
export const zoomMax = 8;
export const zoomMin = 0.125;

/** Lines of the log in the card that explains a failure. */
export const failureLinesShown = 12;
/** While a job waits, its place in line is asked for this often: a person is looking. */
export const placeEveryMs = 3_000;
/** Samples of a running job's resources that stay: an hour at one in five seconds. */
export const samplesKeptMax = 720;
/** Jobs of that list whose definitions are read, each by a request of its own. */
export const definitionsListedMax = 30;
/** Finished jobs that a server lists, unless set otherwise. */
export const listedFinishedMax = 1_000;
/** Of them, those that it announces to a socket that opens. */
export const announcedFinishedMax = 100;
/** Jobs listed in the queue's tab. */
export const jobsListedMax = 100;

/** After this long without a key, what was typed counts as meant: a job with autostart runs. */
export const typingPauseMs = 1_500;
/** What is typed in the editor is in the address after this: encoding a long text for each key would be felt. */
export const editorSettleMs = 400;
/** A dropped text up to here goes into the address itself, larger ones to the store: addresses should stay below what programs cut. */
export const addressTextBytesMax = 16 * 1024;
/** The random part of a key that only an agent's owner knows, as the command makes it. */
export const queueKeyBytes = 32;

/** The consent window's Run does nothing before: a click meant for something else must not grant. */
export const consentDelayMs = 700;
/** The clock in the status line. */
export const clockTickMs = 100;
/** Runs that this browser remembers as its own: about 20 KB of storage. */
export const ownRunsKeptMax = 200;
/** Definitions whose consent is remembered: about 10 KB of storage. */
export const grantsKeptMax = 100;

/** The left pane's share of the width: each pane keeps room for a line of text. */
export const paneShareMin = 0.2;
export const paneShareMax = 0.8;
/** One press of an arrow key moves the divider by this. */
export const paneShareStep = 0.02;

/** A longer input is fetched in the texts of the share dialog, rather than written out. */
export const sharedValueCharsMax = 2_000;

/** Runs that are remembered in this browser: a few days of work, about a megabyte. */
export const runsKeptMax = 200;
