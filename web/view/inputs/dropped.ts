// Files that are dropped, those inside of dropped folders with their places.

/** Reads entries at once: they are gone when the event is over. */
export async function droppedFiles(transfer: DataTransfer): Promise<readonly File[]> {
  const entries = Array.from(transfer.items).flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return Array.from(transfer.files);
  const found = await Promise.all(entries.map((entry) => filesIn(entry)));
  return found.flat();
}

// Chromium has the entries, but no names for their classes.
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

async function filesIn(entry: FileSystemEntry): Promise<readonly File[]> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [new File([file], entry.fullPath.replace(/^\/+/, ""), { type: file.type })];
  }
  if (!isFolder(entry)) return [];
  const reader = entry.createReader();
  const all: File[] = [];
  // A reader tells a part of a folder at a time, and nothing at its end.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return all;
    for (const one of part) all.push(...(await filesIn(one)));
  }
}
