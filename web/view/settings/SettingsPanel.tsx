// Everything that the address says of the job, to be changed: each change is in the address at once.

import { useMemo } from "preact/hooks";
import { durationMs, sizeBytes } from "../../../wire/units.ts";
import { commandText } from "../../job/definition.ts";
import { listOf, textAt } from "../../job/edit.ts";
import { CopyText } from "../CopyText.tsx";
import { ScrolledText } from "../ScrolledText.tsx";
import type { ViewProps } from "../shell.ts";
import { EnvSettings } from "./EnvSettings.tsx";
import { createEditing, type Editing } from "./editing.ts";
import { Field, Flag } from "./Field.tsx";
import { ImageSettings } from "./ImageSettings.tsx";
import { PipeSettings } from "./PipeSettings.tsx";
import { QueueSettings } from "./QueueSettings.tsx";
import "./settings.css";

export function SettingsPanel({ page }: ViewProps) {
  const editing = useMemo(() => createEditing(page), [page]);
  const ready = page.ready.value;
  const named = page.named.value;
  return (
    <div class="groups settings">
      <QueueSettings page={page} />
      {named.kind === "loading" ? (
        <p class="hint">The job of this link is loading.</p>
      ) : (
        <JobSettings editing={editing} />
      )}
      <EnvSettings page={page} editing={editing} />
      <Behaviour page={page} />
      <PipeSettings page={page} />
      {ready ? (
        <section>
          <h2>As it is submitted</h2>
          <ScrolledText text={JSON.stringify(ready.definition, null, 2)} label="The definition as JSON" />
          <CopyText text={ready.id} label="the job's id" />
        </section>
      ) : null}
    </div>
  );
}

const wordsOf = (value: unknown): string => {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? commandText(value.map(String)) : "";
};

function JobSettings({ editing }: { editing: Editing }) {
  const { job } = editing;
  const text = (label: string, path: readonly string[], more: Partial<Parameters<typeof Field>[0]> = {}) => (
    <Field
      key={label}
      label={label}
      value={textAt(job, path)}
      editing={editing}
      onText={(value) => editing.set(path, value === "" ? undefined : value)}
      {...more}
    />
  );
  const number = (label: string, path: readonly string[], isWhole: boolean) =>
    text(label, path, {
      width: "short",
      faultOf: (value) => numberFault(value, isWhole),
      onText: (value) => editing.set(path, value.trim() === "" ? undefined : Number(value)),
    });
  const size = { width: "short", placeholder: "512m, 2g", faultOf: sizeFault } as const;
  const time = { width: "short", placeholder: "90s, 5m, 1h30m", faultOf: durationFault } as const;
  return (
    <>
      <ImageSettings editing={editing} />
      <section>
        <h2>Command</h2>
        {text("Command", ["command"], {
          value: wordsOf(job.command),
          placeholder: "the image's own",
          hint: "Words as in a shell, but no shell runs them: for pipes and && write sh -c '…'.",
        })}
        {text("Entrypoint", ["entrypoint"], { value: wordsOf(job.entrypoint), placeholder: "the image's own" })}
        {text("Working directory", ["workdir"], { placeholder: "the image's own" })}
      </section>
      <section>
        <h2>Resources and time</h2>
        <div class="row">
          {number("CPUs", ["requirements", "cpus"], false)}
          {number("GPUs", ["requirements", "gpus"], true)}
          {text("Memory", ["requirements", "memory"], size)}
          {text("Shared memory", ["shmSize"], size)}
          {text("Time limit", ["maxDuration"], time)}
          {text("Tags", ["tags"], {
            width: "short",
            placeholder: "a, b",
            onText: (value) => editing.set(["tags"], listOf(value)),
          })}
        </div>
      </section>
    </>
  );
}

function numberFault(text: string, isWhole: boolean): string | undefined {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) return "A number is expected, like 2.";
  return isWhole && !Number.isInteger(value) ? "A whole number is expected." : undefined;
}

const sizeFault = (text: string) => (sizeBytes(text) === undefined ? "A size looks like 512m or 2g." : undefined);
const durationFault = (text: string) =>
  durationMs(text) === undefined ? "A duration looks like 90s, 5m or 1h30m." : undefined;

const flags = [
  ["autostart", "Run automatically", "whenever the job or its inputs change"],
  ["terminal", "Show the log first", ""],
  ["resolverefs", "Send values on", "instead of references to outputs"],
  ["allowsetjob", "Let inputs set the job", "the input job sets it, job/result.json reports on it"],
  ["debug", "Mark the job for debugging", ""],
] as const;

function Behaviour({ page }: Pick<ViewProps, "page">) {
  const parameters = page.address.parameters.value;
  return (
    <section>
      <h2>This page</h2>
      {flags.map(([name, label, hint]) => (
        <Flag
          key={name}
          label={label}
          hint={hint}
          isOn={parameters[name]}
          onChange={(isOn) => page.address.write({ [name]: isOn ? "true" : undefined }, true)}
        />
      ))}
      <Flag
        label="Send the log on while it runs"
        hint="as the outputs stdout and exitCode"
        isOn={parameters.live}
        onChange={(isOn) => page.address.write({ mp_live: isOn ? "true" : undefined }, true)}
      />
    </section>
  );
}
