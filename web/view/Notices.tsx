// What needs a person: a question, something that could not be used, a queue that nobody serves.

import { isLoopbackHost } from "../../wire/loopback.ts";
import { shellWord } from "../job/definition.ts";
import type { Page } from "../state/page.ts";
import { effectiveQueue } from "../url/target.ts";
import { CopyText } from "./CopyText.tsx";
import { lazy } from "./lazy.tsx";
import { QueueField } from "./QueueField.tsx";
import "./notices.css";

const LocalHelp = lazy<{ page: Page }>(async () => (await import("./LocalHelp.tsx")).LocalHelp);

export function Notices({ page }: { page: Page }) {
  return (
    <div class="notices">
      <ConsentQuestion page={page} />
      <Advice page={page} />
      <Faults page={page} />
    </div>
  );
}

function ConsentQuestion({ page }: { page: Page }) {
  const question = page.consent.question.value;
  if (!question) return null;
  const { command, image } = question;
  const who = page.browser.embedder ? `A page of ${page.browser.embedder.split(" ")[0]} asks` : "This link asks";
  return (
    <section
      class={`notice question ${page.browser.isFramedByOthers ? "in-window" : ""}`}
      aria-label="Permission to run"
      data-tone="waiting"
    >
      <p>
        {who} to run {command ? <code>{command}</code> : "the image's own command"} in <code>{image}</code> on this
        computer, now and whenever its inputs change.
      </p>
      <div class="actions">
        <button type="button" class="primary" onClick={() => page.consent.accept(question)}>
          {page.browser.isFramedByOthers ? "Run…" : "Run"}
        </button>
        <button type="button" onClick={() => page.consent.putOff(question)}>
          Not now
        </button>
      </div>
    </section>
  );
}

function Advice({ page }: { page: Page }) {
  const target = page.target.value;
  if (page.definition.value.kind === "empty") return null;
  if (target.kind !== "target") {
    return (
      <section class="notice advice" aria-label="No queue" data-tone="waiting">
        <p>
          A queue is a line of jobs with a name; whoever runs an agent for that name lends it their computer. Name the
          queue that should run this.
        </p>
        <QueueField page={page} written={effectiveQueue(page.address.parameters.value)} />
      </section>
    );
  }
  if (isOutOfReach(page)) {
    return (
      <section class="notice advice" aria-label="This computer's queue" data-tone="waiting">
        <LocalHelp page={page} />
      </section>
    );
  }
  const isServed = page.queue.agents.value === undefined || page.queue.agents.value.length > 0;
  if (isServed || page.queue.connection.value.kind !== "open" || page.status.value.tone === "good") return null;
  const { queue, api } = target.target;
  return (
    <section class="notice advice" aria-label="No agents" data-tone="waiting">
      <p>No agent serves this queue now. On any computer with Docker, this lends it to the queue:</p>
      <CopyText text={`longshore agent ${shellWord(queue)} --api ${api}`} label="the command" />
    </section>
  );
}

/** The queue of this computer, seen from a page of another one, has not answered. */
function isOutOfReach({ target, queue, browser }: Page): boolean {
  const { kind } = queue.connection.value;
  const isLocal = target.value.kind === "target" && target.value.target.loopback;
  return isLocal && !isLoopbackHost(new URL(browser.origin).hostname) && kind === "offline";
}

function Faults({ page }: { page: Page }) {
  const faults = page.faults.value;
  if (faults.length === 0) return null;
  return (
    <section class="notice" aria-label="Warnings" data-tone="waiting">
      <ul>
        {faults.map(({ where, message }) => (
          <li key={`${where} ${message}`}>
            <code>{where}</code> {message}
          </li>
        ))}
      </ul>
    </section>
  );
}
