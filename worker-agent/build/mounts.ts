// `RUN --mount=...`: what a step would see for its time. Pure.
// https://docs.docker.com/reference/dockerfile/#run---mount

export interface FileMount {
  /** A stage or an image; the context without it. */
  readonly from: string | undefined;
  readonly source: string;
  readonly target: string;
}

/** What must be copied for the step; "nothing" where it can do without, "unknown" where it can't be had. */
export function mountOf(text: string): FileMount | "nothing" | "unknown" {
  const pairs = text.split(",").map((part) => part.split("="));
  const options = new Map(pairs.map(([key = "", value = "true"]) => [key, value]));
  const type = options.get("type") ?? "bind";
  // What a cache holds is never needed, only faster; a tmpfs is as good as a folder.
  if (type === "cache" || type === "tmpfs") return "nothing";
  // Nobody can give any here, and unless they are required a step must do without.
  if ((type === "secret" || type === "ssh") && options.get("required") !== "true") return "nothing";
  const target = options.get("target") ?? options.get("dst") ?? options.get("destination");
  if (type !== "bind" || target === undefined) return "unknown";
  const from = options.get("from");
  return { from, source: options.get("source") ?? options.get("src") ?? (from === undefined ? "." : "/"), target };
}
