// Definitions of a queue's jobs, read when a list shows them: what is announced of a job doesn't say what it runs.

import { type ReadonlySignal, signal } from "@preact/signals";
import * as v from "valibot";
import { JobDefinition } from "../../wire/definition.ts";
import { DefinitionAnswer, paths } from "../../wire/http.ts";
import { JobId } from "../../wire/ids.ts";
import { commandText, imageOf } from "../job/definition.ts";
import { requestTimeoutMs } from "../limits.ts";
import type { QueueTarget } from "../url/target.ts";
import type { Browser } from "./browser.ts";

export interface Named {
  readonly image: string;
  readonly command: string;
}

export interface Definitions {
  readonly byId: ReadonlySignal<ReadonlyMap<string, Named>>;
  /** Asks for those that are not known, one after the other. */
  need(target: QueueTarget, ids: readonly string[]): void;
}

const unknown: Named = { image: "", command: "" };

export function createDefinitions({ fetch }: Pick<Browser, "fetch">): Definitions {
  const byId = signal<ReadonlyMap<string, Named>>(new Map());
  const asked = new Set<string>();
  const line: (readonly [QueueTarget, JobId])[] = [];
  let isBusy = false;
  const work = async () => {
    if (isBusy) return;
    isBusy = true;
    for (let next = line.shift(); next; next = line.shift()) {
      const [target, id] = next;
      const named = await read(fetch, target.api + paths.definition(target.queue, id));
      byId.value = new Map(byId.peek()).set(id, named);
    }
    isBusy = false;
  };
  return {
    byId,
    need(target, ids) {
      for (const text of ids) {
        const id = v.safeParse(JobId, text);
        if (!id.success || asked.has(text)) continue;
        asked.add(text);
        line.push([target, id.output]);
      }
      void work();
    },
  };
}

async function read(fetcher: typeof fetch, url: string): Promise<Named> {
  try {
    const response = await fetcher(url, { signal: AbortSignal.timeout(requestTimeoutMs) });
    const answer = v.safeParse(DefinitionAnswer, await response.json());
    const definition = v.safeParse(JobDefinition, answer.success ? answer.output.data : undefined);
    if (!definition.success) return unknown;
    return { image: imageOf(definition.output), command: commandText(definition.output.command) };
  } catch {
    // A list without a name for one of its jobs is still the list.
    return unknown;
  }
}
