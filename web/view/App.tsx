// The page: status line, timeline, what needs a person, and one view at a time; outputs beside another one where there is
// room.

import { batch } from "@preact/signals";
import { Divider } from "./Divider.tsx";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { Notices } from "./Notices.tsx";
import { Overlay } from "./Overlay.tsx";
import { Rail } from "./Rail.tsx";
import { StatusBar } from "./StatusBar.tsx";
import { titles, type ViewName, type ViewProps } from "./shell.ts";
import { Timeline } from "./Timeline.tsx";
import { FailureCard, FirstPage, panels, ResourceCurves } from "./views.tsx";
import "./app.css";

export function App({ page, shell }: ViewProps) {
  const isEmpty = page.definition.value.kind === "empty" && page.status.value.tone !== "bad";
  return (
    <>
      {isEmpty ? (
        <div class="page">
          <ErrorBoundary part="The notices">
            <Notices page={page} />
          </ErrorBoundary>
          <ErrorBoundary part="The first page">
            <FirstPage page={page} shell={shell} />
          </ErrorBoundary>
        </div>
      ) : (
        <JobPage page={page} shell={shell} />
      )}
      <ErrorBoundary part="This part">
        <Overlay page={page} shell={shell} />
      </ErrorBoundary>
    </>
  );
}

function JobPage({ page, shell }: ViewProps) {
  const { menu } = page.address.parameters.value;
  const isWide = shell.isWide.value;
  const view = shell.view.value;
  // Where a phase of the timeline leads: to what was printed then.
  const showPhase = (time: number) =>
    batch(() => {
      shell.show("log");
      shell.logWish.value = { kind: "time", time };
    });
  return (
    <div class="page" data-tone={page.status.value.tone}>
      <ErrorBoundary part="The status line">
        <StatusBar page={page} shell={shell} />
        <Timeline page={page} onPhase={showPhase} />
      </ErrorBoundary>
      <ErrorBoundary part="The notices">
        <Notices page={page} />
      </ErrorBoundary>
      {page.status.value.tone === "bad" && page.job.value?.state === "Finished" ? (
        <ErrorBoundary part="What is known of the failure">
          <FailureCard page={page} shell={shell} />
        </ErrorBoundary>
      ) : null}
      <main class="body" data-menu={menu}>
        {menu === "disabled" ? null : <Rail shell={shell} />}
        <div class="panes" data-panes={isWide ? 2 : 1}>
          <Pane page={page} shell={shell} view={view} id="panel" role="tabpanel" />
          {isWide ? (
            <>
              <Divider shell={shell} />
              <Pane page={page} shell={shell} view="output" id="outputs" role="region" />
            </>
          ) : null}
        </div>
      </main>
      {page.resources.value || hasUse(page) ? (
        <ErrorBoundary part="The resources">
          <ResourceCurves page={page} />
        </ErrorBoundary>
      ) : null}
    </div>
  );
}

function hasUse(page: ViewProps["page"]): boolean {
  const result = page.result.value;
  return result?.kind === "ready" && result.finished.result?.resources !== undefined;
}

interface PaneProps extends ViewProps {
  readonly view: ViewName;
  readonly id: string;
  readonly role: "tabpanel" | "region";
}

function Pane({ page, shell, view, id, role }: PaneProps) {
  const Panel = panels[view];
  const style = id === "panel" && shell.isWide.value ? { flexBasis: `${shell.share.value * 100}%` } : {};
  return (
    <section class="panel" role={role} id={id} aria-label={titles[view]} data-view={view} tabIndex={-1} style={style}>
      <ErrorBoundary key={view} part={titles[view]}>
        <Panel page={page} shell={shell} />
      </ErrorBoundary>
    </section>
  );
}
