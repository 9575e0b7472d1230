// The link to the metapage around us. Loaded only when the page is framed.

import { Metaframe } from "@metapages/metapage";
import type { Signal } from "@preact/signals";

export interface MetapageLink {
  /** Sends outputs on in one message; `undefined` takes an output away. */
  send(outputs: Readonly<Record<string, unknown>>): Promise<void>;
}

/**
 * Announces the frame to its parent. `pipes` always holds all values that arrived so far, as they were sent;
 * `connected` turns true once a metapage has answered (never, if the parent is an ordinary page).
 */
export function joinMetapage(
  pipes: Signal<Readonly<Record<string, unknown>>>,
  connected: Signal<boolean>,
): MetapageLink {
  const frame = new Metaframe();
  // We decode and encode ourselves: the library overflows the stack on large binaries and turns some plain strings into buffers.
  frame.isInputOutputBlobSerialization = false;
  // The library delivers what came before the listener only sometimes and some of it twice: the whole state is read each time.
  const read = () => {
    pipes.value = { ...frame.getInputs() };
  };
  frame.addListenerReturnDisposer(Metaframe.INPUTS, read);
  frame.addListenerReturnDisposer(Metaframe.CONNECTED, () => {
    read();
    connected.value = true;
  });
  return { send: (outputs) => frame.setOutputs({ ...outputs }) };
}
