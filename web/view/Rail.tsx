// The views to choose from: a rail beside them, a row of tabs where it is narrow.

import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons.tsx";
import { type Shell, titles, viewNames } from "./shell.ts";
import "./rail.css";

export function Rail({ shell }: { shell: Shell }) {
  const list = useRef<HTMLDivElement>(null);
  // Where outputs have a pane of their own, they are always in view.
  const shown = viewNames.filter((name) => !(shell.isWide.value && name === "output"));
  const current = shell.view.value;
  const outputs = shell.outputCount.value;
  // Where the tabs are a row that scrolls, the chosen one is in view. Instantly: nothing else on the page glides.
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const next = step && shown[(shown.indexOf(current) + step + shown.length) % shown.length];
    if (!next) return;
    event.preventDefault();
    shell.show(next);
    // Focus brings it into view where the tabs are a row that scrolls.
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div ref={list} class="rail" role="tablist" aria-label="Views" aria-orientation="vertical" onKeyDown={move}>
      {shown.map((name) => (
        <button
          key={name}
          id={`tab-${name}`}
          type="button"
          role="tab"
          // The words are hidden where the rail is thin; the name stays.
          aria-label={name === "output" && outputs > 0 ? `${titles[name]}, ${outputs}` : titles[name]}
          title={`${titles[name]} (${viewNames.indexOf(name) + 1})`}
          aria-selected={name === current}
          aria-controls="panel"
          tabIndex={name === current ? 0 : -1}
          onClick={() => shell.show(name)}
        >
          <Icon name={name} />
          <span>{titles[name]}</span>
          {name === "output" && outputs > 0 ? <span class="count">{outputs}</span> : null}
        </button>
      ))}
    </div>
  );
}
