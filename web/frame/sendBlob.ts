// Sends a blob with XMLHttpRequest: fetch does not tell how much of a body has left. The browser reads it from where it lies.

import type { Clock } from "../clock.ts";
import { uploadSilenceMs } from "../limits.ts";
import type { SendBlob } from "./uploads.ts";

export function blobSender(clock: Clock): SendBlob {
  return (url, body, headers, signal, sent) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const stop = () => request.abort();
      let calledOff = () => {};
      const patience = () => {
        calledOff();
        calledOff = clock.after(uploadSilenceMs, stop);
      };
      const over = (then: () => void) => () => {
        calledOff();
        signal.removeEventListener("abort", stop);
        then();
      };
      const failed = over(() => reject(signal.aborted ? signal.reason : new Error("The connection broke.")));
      request.upload.addEventListener("progress", ({ loaded }) => {
        patience();
        sent(loaded);
      });
      request.addEventListener(
        "load",
        over(() => resolve({ status: request.status, text: request.responseText })),
      );
      request.addEventListener("error", failed);
      request.addEventListener("abort", failed);
      if (signal.aborted) return failed();
      signal.addEventListener("abort", stop);
      // A redirect to a store's signed address is followed with method, headers and body.
      request.open("PUT", url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      patience();
      request.send(body);
    });
}
