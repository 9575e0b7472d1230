// What lies over the page: the palette, the list of keys, the ways to share.

import { Dialog } from "./Dialog.tsx";
import type { OverlayName, ViewProps } from "./shell.ts";
import { Keys, Palette, Share } from "./views.tsx";

const overlays = { palette: Palette, keys: Keys, share: Share } as const;
const names: Readonly<Record<OverlayName, string>> = { palette: "Find an action", keys: "Keys", share: "Share" };

export function Overlay({ page, shell }: ViewProps) {
  const name = shell.overlay.value;
  if (!name) return null;
  const Content = overlays[name];
  // A dialog says that it has closed when the next may be open already.
  const close = () => {
    if (shell.overlay.peek() === name) shell.overlay.value = undefined;
  };
  return (
    <Dialog key={name} name={names[name]} onClose={close}>
      <Content page={page} shell={shell} />
    </Dialog>
  );
}
