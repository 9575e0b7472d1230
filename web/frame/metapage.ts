// The link to the metapage around us: our side of the metapage library's frame protocol, JSON-RPC 2.0 objects through
// postMessage. The library itself is three times the rest of the page; it stands at the other end in e2e/metapage.

import type { Signal } from "@preact/signals";
import * as v from "valibot";
import type { Clock } from "../clock.ts";
import { handshakeDelayMsFirst, handshakeDelayMsMax, handshakesMax } from "../limits.ts";

export interface MetapageLink {
  /** Sends outputs on in one message; `undefined` takes an output away. Kept until the metapage has answered. */
  send(outputs: Values): void;
}

type Values = Readonly<Record<string, unknown>>;

/** What joining needs of the window. */
export interface FrameWindow {
  /** Set by the metapage: the frame's name in it. */
  readonly name: string;
  hash(): string;
  post(message: unknown): void;
  /** Messages of the page around the frame, and of nobody else. */
  onMessage(listener: (data: unknown) => void): void;
  onHashChange(listener: () => void): void;
}

export function frameWindow(view: Window): FrameWindow {
  return {
    name: view.name,
    hash: () => view.location.hash,
    // A metapage tells its frames apart by name and by its own id; where it lives is nothing that a frame knows.
    post: (message) => view.parent.postMessage(message, "*"),
    onMessage: (listener) =>
      view.addEventListener("message", ({ data, source }: MessageEvent<unknown>) => {
        if (source === view.parent) listener(data);
      }),
    onHashChange: (listener) => view.addEventListener("hashchange", listener),
  };
}

/** The frame protocol's version; a metapage refuses an acknowledgement without one. */
const version = "2";

const values = v.record(v.string(), v.unknown());
const Setup = v.object({
  jsonrpc: v.literal("2.0"),
  method: v.literal("SetupIframeServerResponse"),
  params: v.object({
    parentId: v.string(),
    state: v.optional(v.nullable(v.object({ inputs: v.optional(v.nullable(values)) }))),
  }),
});
const Inputs = v.object({
  jsonrpc: v.literal("2.0"),
  method: v.literal("InputsUpdate"),
  parentId: v.string(),
  params: v.object({ inputs: values }),
});

/**
 * Announces the frame to its parent. `pipes` always holds all values that arrived so far, as they were sent;
 * `connected` turns true once a metapage has answered (never, if the parent is an ordinary page).
 */
export function joinMetapage(
  view: FrameWindow,
  clock: Clock,
  pipes: Signal<Values>,
  connected: Signal<boolean>,
): MetapageLink {
  let parentId: string | undefined;
  let count = 0;
  const outputs = new Map<string, unknown>();

  const tell = (method: string, params: unknown) => {
    view.post({ jsonrpc: "2.0", id: ++count, method, params, iframeId: view.name, parentId });
  };
  const take = (inputs: Values) => {
    const next = new Map(Object.entries({ ...pipes.peek(), ...inputs }));
    // In this protocol undefined takes a pipe away, while null is a value.
    for (const [name, value] of next) if (value === undefined) next.delete(name);
    pipes.value = Object.fromEntries(next);
  };

  view.onMessage((data) => {
    const setup = v.safeParse(Setup, data);
    if (setup.success) {
      // A host that is reloaded, or heard us twice, answers again: it wants the acknowledgement again.
      parentId = setup.output.params.parentId;
      take(setup.output.params.state?.inputs ?? {});
      tell("SetupIframeServerResponseAck", { version });
      if (outputs.size > 0) tell("OutputsUpdate", Object.fromEntries(outputs));
      connected.value = true;
      return;
    }
    const update = v.safeParse(Inputs, data);
    if (update.success && update.output.parentId === parentId) take(update.output.params.inputs);
  });
  // Hosts keep the frame's address, whoever changed it.
  view.onHashChange(() => {
    if (parentId !== undefined) tell("HashParamsUpdate", { hash: view.hash(), metaframe: view.name });
  });

  const knock = (attempt: number) => {
    if (parentId !== undefined || attempt >= handshakesMax) return;
    tell("SetupIframeClientRequest", { version });
    clock.after(Math.min(handshakeDelayMsMax, handshakeDelayMsFirst * 2 ** attempt), () => knock(attempt + 1));
  };
  knock(0);

  return {
    send(sent) {
      for (const [name, value] of Object.entries(sent)) outputs.set(name, value);
      if (parentId !== undefined) tell("OutputsUpdate", { ...sent });
    },
  };
}
