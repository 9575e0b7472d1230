// What lies over the page: the palette, the list of keys, the ways to share. A modal dialog keeps the focus inside and
// gives it back.

import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons.tsx";
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

export function Dialog({
  name,
  onClose,
  children,
}: {
  name: string;
  onClose: () => void;
  children: preact.ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself; this is a click beside it
    <dialog
      ref={dialog}
      class="overlay"
      aria-label={name}
      onClose={onClose}
      onClick={({ target }) => {
        if (target === dialog.current) onClose();
      }}
    >
      <div class="overlay-body">
        <header>
          <h2>{name}</h2>
          <button type="button" class="quiet" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
