// The window in which a framed page asks: of our own origin, at top level, so that the page around the frame can neither
// dress it up nor press its button.

import { signal } from "@preact/signals";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import * as v from "valibot";
import { consentDelayMs } from "../limits.ts";
import { ConsentQuestion } from "../state/consentWindow.ts";
import "./first/first.css";

const question = signal<ConsentQuestion | undefined>(undefined);
const canAnswer = signal(false);

export function showConsentWindow(opener: Window | null, origin: string, root: Element) {
  if (opener) listenToOpener(opener, origin);
  render(<ConsentWindow opener={opener} origin={origin} />, root);
}

/** Listens to the frame that opened this window, and says that it may ask. */
function listenToOpener(opener: Window, origin: string) {
  window.addEventListener("message", ({ source, origin: from, data }: MessageEvent<unknown>) => {
    if (source !== opener || from !== origin) return;
    const parsed = v.safeParse(ConsentQuestion, data);
    if (parsed.success) question.value = parsed.output;
  });
  opener.postMessage({ type: "longshore-consent-ready" }, origin);
}

function ConsentWindow({ opener, origin }: { opener: Window | null; origin: string }) {
  const asked = question.value;
  useEffect(() => {
    if (!asked) return undefined;
    const timer = setTimeout(() => {
      canAnswer.value = true;
    }, consentDelayMs);
    return () => clearTimeout(timer);
  }, [asked]);
  const answer = (isGranted: boolean) => {
    opener?.postMessage({ type: "longshore-consent-answer", isGranted }, origin);
    window.close();
  };
  if (!asked) {
    return (
      <main class="first">
        <h1>Permission to run</h1>
        <p>
          This window belongs to a page that asks to run something here. That page is no longer waiting: close this
          window.
        </p>
      </main>
    );
  }
  return (
    <main class="first">
      <h1>Run this on your computer?</h1>
      <p>
        The page <strong>{asked.page}</strong> shows a Longshore frame, which asks to run this on this computer, now and
        whenever its inputs change:
      </p>
      <dl class="facts">
        <dt>Image</dt>
        <dd>
          <code>{asked.image}</code>
        </dd>
        <dt>Command</dt>
        <dd>{asked.command ? <code>{asked.command}</code> : "the image's own"}</dd>
      </dl>
      <div class="actions">
        <button type="button" class="primary" disabled={!canAnswer.value} onClick={() => answer(true)}>
          Run
        </button>
        <button type="button" onClick={() => answer(false)}>
          Not now
        </button>
      </div>
    </main>
  );
}
