// What runs: an image that exists, or one that is built.

import { useRef } from "preact/hooks";
import { listOf, partOf, textAt, withSource } from "../../job/edit.ts";
import type { Editing } from "./editing.ts";
import { Field } from "./Field.tsx";

export function ImageSettings({ editing }: { editing: Editing }) {
  const { job } = editing;
  const kind = job.build === undefined ? "image" : "build";
  // Going back and forth loses nothing.
  const remembered = useRef<{ image?: unknown; build?: unknown }>({});
  const choose = (next: "image" | "build") => {
    remembered.current = { ...remembered.current, [kind]: job[kind] };
    editing.setJob(withSource(job, next, remembered.current[next]));
  };
  const build = (label: string, name: string, more: Partial<Parameters<typeof Field>[0]> = {}) => (
    <Field
      label={label}
      value={textAt(partOf(job, "build"), [name])}
      editing={editing}
      onText={(text) => editing.set(["build", name], text === "" ? undefined : text)}
      {...more}
    />
  );
  return (
    <section>
      <h2>Image</h2>
      <div class="choice" role="radiogroup" aria-label="Image">
        {(
          [
            ["image", "An image that exists"],
            ["build", "An image that is built"],
          ] as const
        ).map(([name, label]) => (
          <label key={name} class="check">
            <input type="radio" name="source" checked={kind === name} onChange={() => choose(name)} />
            <span>{label}</span>
          </label>
        ))}
      </div>
      {kind === "image" ? (
        <Field
          label="Image name"
          value={textAt(job, ["image"])}
          editing={editing}
          placeholder="python:3.13-alpine"
          faultOf={(text) => (/\s/.test(text.trim()) ? "An image's name has no spaces." : undefined)}
          onText={(text) => editing.set(["image"], text.trim())}
        />
      ) : (
        <>
          {build("Git or archive address", "context", {
            placeholder: "https://github.com/owner/repository/tree/main",
            // biome-ignore lint/suspicious/noTemplateCurlyInString: as a person writes it
            hint: "${name} stands for a variable of the environment.",
          })}
          {build("Dockerfile, instead of or over the repository's", "dockerfile", { rows: 6 })}
          <div class="row">
            {build("Folder in it", "buildContext", { width: "short" })}
            {build("Dockerfile's name", "filename", { width: "short" })}
            {build("Target", "target", { width: "short" })}
            {build("Platform", "platform", { width: "short", placeholder: "linux/amd64" })}
            {build("Build arguments", "buildArgs", {
              width: "short",
              placeholder: "A=1, B=2",
              onText: (text) => editing.set(["build", "buildArgs"], listOf(text)),
            })}
          </div>
        </>
      )}
    </section>
  );
}
