// Edits of the definition: live in the address, one step of the browser's Back for each visit of a field, and nothing runs
// by itself while a person is in the middle of a word.

import { withField } from "../../job/edit.ts";
import { typingPauseMs } from "../../limits.ts";
import type { Page } from "../../state/page.ts";
import { encodeJson, type JsonObject } from "../../url/codec.ts";

export interface Editing {
  /** The definition as it stands. */
  readonly job: JsonObject;
  /** A field is entered. */
  begin(): void;
  /** Something is being typed. */
  touch(): void;
  /** The field is left: what was typed counts. */
  end(): void;
  set(path: readonly string[], value: unknown): void;
  setJob(job: JsonObject): void;
  /** Other parameters of the address, raw. */
  write(changes: Readonly<Record<string, string | undefined>>): void;
}

export function createEditing(page: Page): Editing {
  const { address } = page;
  let isNewStep = true;
  let calledOff = () => {};
  const jobNow = (): JsonObject => {
    const named = page.named.peek();
    return named.kind === "job" ? named.job : {};
  };
  const write: Editing["write"] = (changes) => {
    address.write(changes, isNewStep);
    isNewStep = false;
  };
  const end = () => {
    calledOff();
    address.isTyping.value = false;
  };
  return {
    get job() {
      const named = page.named.value;
      return named.kind === "job" ? named.job : {};
    },
    begin() {
      isNewStep = true;
    },
    touch() {
      address.isTyping.value = true;
      calledOff();
      calledOff = page.browser.clock.after(typingPauseMs, end);
    },
    end,
    set: (path, value) => write({ job: encodeJson(withField(jobNow(), path, value)) }),
    setJob(job) {
      isNewStep = true;
      write({ job: encodeJson(job) });
    },
    write,
  };
}
