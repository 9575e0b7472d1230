// Whether a person has agreed to run a definition on this very machine (DESIGN §5). Grants are remembered by what was
// agreed to and by the page around us; framed by somebody else's page, the question is asked in a window of its own,
// which that page can neither cover nor click.

import { type ReadonlySignal, signal } from "@preact/signals";
import * as v from "valibot";
import { grantsKeptMax, requestTimeoutMs } from "../limits.ts";
import type { Browser } from "./browser.ts";
import { ConsentAnswer, type ConsentQuestion, ConsentReady } from "./consentWindow.ts";
import { createRemembered } from "./remembered.ts";

export interface Question {
  readonly key: string;
  readonly image: string;
  readonly command: string;
  /** Called once, when it is granted. */
  readonly granted: () => void;
}

export interface Consent {
  /** What waits for an answer. */
  readonly question: ReadonlySignal<Question | undefined>;
  /** A permit that came with the address is being checked; until then nothing should be asked. */
  readonly isChecking: ReadonlySignal<boolean>;
  whileChecking<T>(check: Promise<T>): Promise<T>;
  isGranted(key: string): boolean;
  grant(key: string): void;
  /** Shows the question unless it was put off in this page already. */
  ask(question: Question): void;
  accept(question: Question): void;
  putOff(question: Question): void;
  drop(): void;
}

export function createConsent(browser: Browser, openWindow: () => Window | null): Consent {
  const question = signal<Question | undefined>(undefined);
  const isChecking = signal(false);
  const putOffKeys = new Set<string>();
  const inMemory = new Set<string>();
  const grants = createRemembered(browser.storage, "longshore.consent", grantsKeptMax);
  const grant = (key: string) => {
    inMemory.add(key);
    // A page around us that hides who it is gets a grant for this visit only.
    if (browser.embedder !== undefined) grants.add(key);
  };
  const accepted = (asked: Question) => {
    grant(asked.key);
    if (question.peek()?.key === asked.key) question.value = undefined;
    asked.granted();
  };

  return {
    question,
    isChecking,
    async whileChecking(check) {
      isChecking.value = true;
      try {
        return await check;
      } finally {
        isChecking.value = false;
      }
    },
    isGranted: (key) => inMemory.has(key) || (browser.embedder !== undefined && grants.has(key)),
    grant,
    ask(asked) {
      if (!putOffKeys.has(asked.key)) question.value = asked;
    },
    accept(asked) {
      if (browser.isFramedByOthers) askInWindow(asked, openWindow, browser, () => accepted(asked));
      else accepted(asked);
    },
    putOff(asked) {
      putOffKeys.add(asked.key);
      question.value = undefined;
    },
    drop() {
      question.value = undefined;
    },
  };
}

function askInWindow(asked: Question, openWindow: () => Window | null, browser: Browser, accepted: () => void) {
  const { origin } = browser;
  const opened = openWindow();
  if (!opened) return;
  const page = browser.embedder?.split(" ").at(-1) ?? "around it";
  const message: ConsentQuestion = {
    type: "longshore-consent-question",
    image: asked.image,
    command: asked.command,
    page,
  };
  const stop = new AbortController();
  const listen = ({ source, origin: from, data }: MessageEvent<unknown>) => {
    if (source !== opened || from !== origin) return;
    if (v.is(ConsentReady, data)) opened.postMessage(message, origin);
    const answer = v.safeParse(ConsentAnswer, data);
    if (!answer.success) return;
    stop.abort();
    if (answer.output.isGranted) accepted();
  };
  window.addEventListener("message", listen, { signal: stop.signal });
}

/** Redeems a one-time permit at our own origin: true if the server that printed it says so, whatever else happens. */
export async function redeemPermit(token: string, browser: Pick<Browser, "fetch" | "origin">): Promise<boolean> {
  try {
    const response = await browser.fetch(`${browser.origin}/permit`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ permit: token }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    return response.ok && v.is(v.object({ ok: v.literal(true) }), await response.json());
  } catch {
    // Without a permit the page asks, which is always right.
    return false;
  }
}
