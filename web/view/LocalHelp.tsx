// What it takes for a page of another site to reach the queue of this computer: a server there that admits the page, and a
// browser that lets it through.

import { useMemo } from "preact/hooks";
import { followLocalPermission, type LocalPermission } from "../state/localPermission.ts";
import type { Page } from "../state/page.ts";
import { CopyText } from "./CopyText.tsx";

export function LocalHelp({ page }: { page: Page }) {
  const { origin, isFramed } = page.browser;
  const permission = useMemo(() => followLocalPermission(navigator.permissions), []).value;
  if (page.queue.connection.value.kind === "open")
    return <p role="status">This page is connected to the queue of this computer.</p>;
  const blocked = blockedText(permission, isFramed);
  return (
    <>
      {blocked === undefined ? null : <p role="status">{blocked}</p>}
      <p>
        {permission === "denied"
          ? "Once it lets this page through, this must run there:"
          : "Nothing answers on this computer. Start it there, and let this page use it:"}
      </p>
      <CopyText text={`npm start -- --allow-origin ${origin}`} label="the command" />
    </>
  );
}

/** What to do about the browser; undefined where it is not what is missing. */
function blockedText(permission: LocalPermission, isFramed: boolean): string | undefined {
  const frame = isFramed
    ? " The page around this one must pass that on, with loopback-network and local-network-access in its frame's allow."
    : "";
  switch (permission) {
    case "granted":
      return undefined;
    case "denied":
      return `The browser keeps this page from your computer. Allow it to reach apps and services on this device, next to the address.${frame}`;
    case "prompt":
      return `The browser asks before this page may reach your computer: say yes to that.${frame}`;
    case "unknown":
      return `If it runs already, the browser may be keeping this page from your computer: some have a setting for that next to the address.${frame}`;
  }
}
