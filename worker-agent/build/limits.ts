// The sizes, times and counts of builds, each with its reason.

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** What `git` or an archive brings, and what becomes the context: code, not data, which inputs are for. */
export const contextBytesMax = 2 * GiB;
/** The same with the headers of `contextEntriesMax` files. */
export const unpackedBytesMax = contextBytesMax + 512 * MiB;
/** Files in a context; a package tree with its dependencies has a tenth of it. */
export const contextEntriesMax = 300_000;
/** A Dockerfile or an ignore file. */
export const recipeBytesMax = 1 * MiB;
/** Such files that are kept while a tree is looked through. */
export const recipesMax = 200;
/** One `git` command. */
export const gitMs = 15 * minuteMs;
/** Submodules of one context, and how deep they lie in each other: far above what people have. */
export const submodulesMax = 100;
export const submoduleDepthMax = 8;
/** A pointer of Git LFS is smaller (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
export const lfsPointerBytesMax = 1024;
/** The list of a repository's branches and tags: some hundred thousand. */
export const gitListBytesMax = 64 * MiB;
/** What of a program's complaints is kept for a sentence. */
export const complaintBytesMax = 16 * KiB;
/** A branch's commit, or an archive's content, is taken to be the same for so long: a burst of jobs asks once. */
export const sourceFreshMs = 10_000;
export const sourcesRememberedMax = 1_000;
/** The steps of one build, if the operator says nothing else: compiling something large takes longer than most jobs. */
export const defaultBuildMs = 30 * minuteMs;
/** A built image that nobody has used for this long is removed ... */
export const buildKeepMs = 14 * dayMs;
/** ... and what a build left that did not come to its end: until then the next try goes on from there. */
export const leftoverKeepMs = dayMs;
/** Links from a Dockerfile to where it really is. */
export const linksMax = 5;
/** Names that are shown of many. */
export const shownNamesMax = 5;
/** One file that ADD names by its address. */
export const downloadBytesMax = 2 * GiB;
