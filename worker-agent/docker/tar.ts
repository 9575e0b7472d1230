// A tar archive of a few files in memory, the same bytes for the same files. Pure.
// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_06

export interface ArchiveFile {
  /** Below the archive's root, at most 100 bytes. */
  readonly name: string;
  readonly mode: number;
  readonly content: Buffer;
}

const blockBytes = 512;

export function tarOf(files: readonly ArchiveFile[]): Buffer {
  const sorted = [...foldersOf(files), ...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const blocks = sorted.flatMap((file) => [headerOf(file), file.content, Buffer.alloc(paddingOf(file.content.length))]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

/** Without entries of their own, a rootless engine makes folders that only it may enter. */
function foldersOf(files: readonly ArchiveFile[]): readonly ArchiveFile[] {
  const names = files.flatMap(({ name }) => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index + 1)));
  return [...new Set(names)].map((name) => ({ name, mode: 0o755, content: Buffer.alloc(0) }));
}

function headerOf({ name, mode, content }: ArchiveFile): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`The name ${name} is too long for an archive.`);
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write("        ", 148);
  // A file, or a folder.
  header.write(name.endsWith("/") ? "5" : "0", 156);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}

function paddingOf(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes;
}
