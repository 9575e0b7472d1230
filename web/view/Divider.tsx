// The line between two panes: dragged, or moved with the arrow keys. Its place is remembered.

import { useRef } from "preact/hooks";
import { paneShareMax, paneShareMin, paneShareStep } from "../limits.ts";
import type { Shell } from "./shell.ts";

export function Divider({ shell }: { shell: Shell }) {
  const line = useRef<HTMLDivElement>(null);
  const follow = (event: PointerEvent) => {
    const panes = line.current?.parentElement?.getBoundingClientRect();
    if (panes && line.current?.hasPointerCapture(event.pointerId))
      shell.setShare((event.clientX - panes.left) / panes.width);
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -paneShareStep, ArrowRight: paneShareStep }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    shell.setShare(shell.share.peek() + step);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that moves is no <hr>
    <div
      ref={line}
      class="divider"
      role="separator"
      tabIndex={0}
      aria-label="Width of the panes"
      aria-orientation="vertical"
      aria-valuemin={paneShareMin * 100}
      aria-valuemax={paneShareMax * 100}
      aria-valuenow={Math.round(shell.share.value * 100)}
      onPointerDown={(event) => line.current?.setPointerCapture(event.pointerId)}
      onPointerMove={follow}
      onDblClick={() => shell.setShare(0.5)}
      onKeyDown={press}
    />
  );
}
