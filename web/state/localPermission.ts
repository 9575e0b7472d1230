// Whether the browser lets this page reach the computer that it is shown on. Browsers that ask people for that know a
// permission of one of these names; others have none.

import { type ReadonlySignal, signal } from "@preact/signals";

export type LocalPermission = "granted" | "denied" | "prompt" | "unknown";

/** https://developer.chrome.com/blog/local-network-access: the first is the newer name of what counts for loopback. */
const names = ["loopback-network", "local-network-access"];

interface Permissions {
  query(descriptor: { readonly name: string }): Promise<PermissionStatus>;
}

/** Follows the permission as a person changes it. */
export function followLocalPermission(permissions: Permissions | undefined): ReadonlySignal<LocalPermission> {
  const state = signal<LocalPermission>("unknown");
  const ask = async () => {
    for (const name of names) {
      const status = await permissions?.query({ name }).catch(() => undefined);
      if (!status) continue;
      state.value = status.state;
      status.addEventListener("change", () => {
        state.value = status.state;
      });
      return;
    }
  };
  void ask();
  return state;
}
