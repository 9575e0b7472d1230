// Starts the page, or the consent window that a framed page opens.

import { effect } from "@preact/signals";
import { render } from "preact";
import { commandText } from "./job/definition.ts";
import { currentBrowser } from "./state/browser.ts";
import { consentHash } from "./state/consentWindow.ts";
import { createPage } from "./state/page.ts";
import { App, pressKey } from "./view/App.tsx";
import { ConsentWindow, listenToOpener } from "./view/ConsentWindow.tsx";
import { ErrorBoundary } from "./view/ErrorBoundary.tsx";

const root = document.getElementById("page") ?? document.body;

if (location.hash === consentHash) {
  const opener: Window | null = window.opener;
  if (opener) listenToOpener(opener, location.origin);
  render(<ConsentWindow opener={opener} origin={location.origin} />, root);
} else {
  const page = createPage(currentBrowser(), window);
  render(
    <ErrorBoundary part="The page">
      <App page={page} />
    </ErrorBoundary>,
    root,
  );
  window.addEventListener("keydown", (event) => pressKey(event, page));
  effect(() => {
    const command = commandText(page.ready.value?.definition.command);
    document.title = [page.status.value.word, command, "Longshore"].filter((part) => part !== "").join(" · ");
  });
}
