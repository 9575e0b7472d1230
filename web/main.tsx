// Starts the page, or the consent window that a framed page opens.

import "./look/base.css";
import "./look/controls.css";
import "./look/content.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { commandText } from "./job/definition.ts";
import { currentBrowser } from "./state/browser.ts";
import { consentHash } from "./state/consentWindow.ts";
import { createPage } from "./state/page.ts";
import { App } from "./view/App.tsx";
import { pressKey } from "./view/actions.ts";
import { ErrorBoundary } from "./view/ErrorBoundary.tsx";
import { faviconOf } from "./view/favicon.ts";
import { prefetchWhenIdle } from "./view/lazy.tsx";
import { createShell } from "./view/shell.ts";

const root = document.getElementById("page") ?? document.body;

if (location.hash === consentHash) {
  void import("./view/ConsentWindow.tsx").then(({ showConsentWindow }) =>
    showConsentWindow(window.opener, location.origin, root),
  );
} else {
  const page = createPage(currentBrowser(), window);
  const shell = createShell(page, window);
  render(
    <ErrorBoundary part="The page">
      <App page={page} shell={shell} />
    </ErrorBoundary>,
    root,
  );
  window.addEventListener("keydown", (event) => pressKey(event, { page, shell }));
  // After what is seen first: the browser draws the icon anew.
  setTimeout(() =>
    effect(() => {
      const command = commandText(page.ready.value?.definition.command);
      const { word, tone } = page.status.value;
      document.title = [word, command, "Longshore"].filter((part) => part !== "").join(" · ");
      document.querySelector("link[rel=icon]")?.setAttribute("href", faviconOf(tone));
    }),
  );
  prefetchWhenIdle(window);
}
