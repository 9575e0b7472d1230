// The one line that tells the truth, with what a person can do about it.

import { commandText, imageOf } from "../job/definition.ts";
import type { Page } from "../state/page.ts";
import type { Action } from "../state/status.ts";
import { Clock } from "./Clock.tsx";
import { Icon, ToneIcon } from "./icons.tsx";
import type { ViewProps } from "./shell.ts";
import "./statusBar.css";

export function StatusBar({ page, shell }: ViewProps) {
  const { tone, word, detail, since, actions, amount } = page.status.value;
  return (
    <header class="status" data-tone={tone}>
      <div class="state">
        <ToneIcon tone={tone} />
        <p role="status" aria-label="State">
          <strong>{word}</strong>
          {detail ? <span class="spoken"> {detail}</span> : null}
        </p>
        {since === undefined ? null : <Clock since={since} />}
      </div>
      <h1 class="spoken">{page.ready.value ? "This job" : "No job yet"}</h1>
      <What page={page} />
      <div class="actions">
        <ConnectionState page={page} />
        {actions.map((action) => (
          <ActionButton key={action} page={page} action={action} />
        ))}
        <button
          type="button"
          class="quiet more"
          aria-label="Share"
          title="Share"
          onClick={() => (shell.overlay.value = "share")}
        >
          <Icon name="share" />
        </button>
        <button
          type="button"
          class="quiet more find"
          aria-label="Find an action"
          title="Find an action (Ctrl K)"
          onClick={() => (shell.overlay.value = "palette")}
        >
          <Icon name="find" />
        </button>
        <a
          class="button quiet expand"
          href={location.href}
          target="_blank"
          rel="noreferrer"
          aria-label="Open in a tab of its own"
        >
          <Icon name="open" />
        </a>
      </div>
      {amount && amount.total > 0 ? (
        <progress class="amount" aria-label={word} value={amount.done} max={amount.total} />
      ) : null}
      {detail ? (
        <p class="detail" aria-hidden="true">
          {detail}
        </p>
      ) : null}
    </header>
  );
}

const labels: Readonly<Record<Action, string>> = {
  run: "Run",
  again: "Run again",
  stop: "Stop",
  retry: "Try now",
  upload: "Try again",
  cancel: "Cancel",
};

function ActionButton({ page, action }: { page: Page; action: Action }) {
  const acts: Readonly<Record<Action, () => void>> = {
    run: page.run.press,
    again: page.run.press,
    stop: page.run.stop,
    retry: page.queue.retryNow,
    upload: page.retryUploads,
    cancel: page.transfers.stopAll,
  };
  return (
    <button type="button" class={action === "run" ? "primary" : ""} onClick={acts[action]}>
      {labels[action]}
    </button>
  );
}

/** What runs: command and image. */
function What({ page }: { page: Page }) {
  const ready = page.ready.value;
  if (!ready) return <p class="what" />;
  const command = commandText(ready.definition.command);
  const image = imageOf(ready.definition);
  return (
    <p class="what" title={`${command}\n${image}`}>
      {command ? <code>{command}</code> : null}
      <span class="image">{image}</span>
    </p>
  );
}

/** Silent while all is well. */
function ConnectionState({ page }: { page: Page }) {
  const { kind } = page.queue.connection.value;
  if (kind === "open" || kind === "none") return null;
  return (
    <span class="badge" role="status">
      {kind === "connecting" ? "Connecting" : "Offline, trying again"}
    </span>
  );
}
