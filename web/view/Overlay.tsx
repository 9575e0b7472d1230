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
  return (
    <Dialog name={names[name]} onClose={() => (shell.overlay.value = undefined)}>
      <Content page={page} shell={shell} />
    </Dialog>
  );
}
