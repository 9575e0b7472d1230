// A `.dockerignore`: which files of a context are left out. Pure.
// https://docs.docker.com/build/concepts/context/#dockerignore-files

interface Rule {
  readonly pattern: RegExp;
  readonly keeps: boolean;
}

/** Whether a path below the context's root is left out. The last rule that fits decides; a folder's rule is its content's too. */
export function ignoring(text: string): (path: string) => boolean {
  const rules = text.split(/\r?\n/).flatMap(ruleOf);
  if (rules.length === 0) return () => false;
  return (path) => {
    const segments = path.split("/");
    const above = segments.map((_, index) => segments.slice(0, index + 1).join("/"));
    return rules.reduce((out, { pattern, keeps }) => (above.some((each) => pattern.test(each)) ? !keeps : out), false);
  };
}

function ruleOf(line: string): Rule[] {
  const text = line.startsWith("#") ? "" : line.trim();
  const keeps = text.startsWith("!");
  const segments = text
    .slice(keeps ? 1 : 0)
    .trim()
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".");
  if (segments.length === 0) return [];
  try {
    return [{ keeps, pattern: new RegExp(`^${sourceOf(segments.join("/"))}$`) }];
  } catch {
    // A range that is none, such as [z-a]: it fits nothing, as with Docker's own tools.
    return [];
  }
}

function sourceOf(pattern: string): string {
  return pattern.replace(
    /\*\*\/|\*\*|\*|\?|\\(.)|(\[)(\^?)((?:\\.|[^\]\\])+)\]|[.+^${}()|[\]\\/]/g,
    (
      found,
      escaped: string | undefined,
      set: string | undefined,
      not: string | undefined,
      range: string | undefined,
    ) => {
      if (found === "**/") return "(?:.*/)?";
      if (found === "**") return ".*";
      if (found === "*") return "[^/]*";
      if (found === "?") return "[^/]";
      if (escaped !== undefined) return escaped.replace(/[^A-Za-z0-9_]/, "\\$&");
      if (set !== undefined) return `[${not ?? ""}${(range ?? "").replaceAll("[", "\\[")}]`;
      return `\\${found}`;
    },
  );
}
