// What an output probably is, by its name: how it is pictured, and what it is called to others.

const mimes: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  svg: "image/svg+xml",
  json: "application/json",
  geojson: "application/json",
  csv: "text/csv",
  tsv: "text/tab-separated-values",
  md: "text/markdown",
  markdown: "text/markdown",
  html: "text/html",
  css: "text/css",
  xml: "text/xml",
  pdf: "application/pdf",
  ico: "image/x-icon",
  mp3: "audio/mpeg",
  wav: "audio/wav",
  ogg: "audio/ogg",
  oga: "audio/ogg",
  opus: "audio/ogg",
  flac: "audio/flac",
  m4a: "audio/mp4",
  mp4: "video/mp4",
  m4v: "video/mp4",
  webm: "video/webm",
  ogv: "video/ogg",
  mov: "video/quicktime",
  htm: "text/html",
  xhtml: "text/html",
  ipynb: "application/json",
  zip: "application/zip",
};
const plainText =
  /^(?:txt|log|out|err|py|r|js|ts|sh|c|h|cpp|rs|go|toml|yaml|yml|ini|cfg|conf|sql|tex|ndjson|jsonl|fasta|fa|pdb|xyz|mol|sdf|diff|env|lock|dockerfile)$/;

/** The mime type that a file's name suggests; bytes when it suggests none. */
export function mimeOf(name: string): string {
  const extension = extensionOf(name);
  return mimes[extension] ?? (plainText.test(extension) ? "text/plain" : "application/octet-stream");
}

export type Pictured = "image" | "audio" | "video" | "pdf" | "json" | "table" | "markdown" | "html" | "text" | "bytes";

const picturedTypes: Readonly<Record<string, Pictured>> = {
  "application/json": "json",
  "text/csv": "table",
  "text/tab-separated-values": "table",
  "text/markdown": "markdown",
  "text/html": "html",
  "application/pdf": "pdf",
};

/** How a file is pictured. What only claims to be text is seen as bytes by whoever reads it. */
export function picturedAs(name: string): Pictured {
  const mime = mimeOf(name);
  const [family] = mime.split("/");
  if (family === "image" || family === "audio" || family === "video") return family;
  return picturedTypes[mime] ?? (family === "text" || extensionOf(name) === "" ? "text" : "bytes");
}

/** Bytes as a person reads them. */
export function sizeText(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toPrecision(2)} ${units[power]}`;
}

function extensionOf(name: string): string {
  const file = name.slice(name.lastIndexOf("/") + 1);
  const dot = file.lastIndexOf(".");
  return dot < 0 ? (file.toLowerCase() === "dockerfile" ? "dockerfile" : "") : file.slice(dot + 1).toLowerCase();
}
