// The style of the API's page: the look of Longshore's own page, in both schemes.

export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: oklch(99% 0.003 240); --ink: oklch(24% 0.02 250); --muted: oklch(46% 0.02 250);
  --line: oklch(89% 0.01 250); --accent: oklch(46% 0.12 245); --wash: oklch(96% 0.008 245);
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: oklch(19% 0.015 250); --ink: oklch(93% 0.008 250); --muted: oklch(74% 0.015 250);
    --line: oklch(32% 0.015 250); --accent: oklch(76% 0.1 240); --wash: oklch(24% 0.018 250);
  }
}
@media (prefers-contrast: more) { :root { --muted: var(--ink); --line: var(--ink); } }
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 60rem; padding: 16px 16px 64px; background: var(--paper); color: var(--ink);
  font: 400 13px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
h1 { font-size: 20px; font-weight: 600; margin: 16px 0 8px; }
h2 { font-size: 15px; font-weight: 600; margin: 40px 0 0; padding-bottom: 4px; border-bottom: 1px solid var(--line); }
h3 { font-size: 13px; font-weight: 600; margin: 24px 0 4px; }
h4 { font-size: 12px; font-weight: 600; margin: 12px 0 0; color: var(--muted); }
p { margin: 4px 0; max-width: 70ch; }
a { color: var(--accent); text-underline-offset: 2px; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
code { font: 12px/1.5 ui-monospace, monospace; background: var(--wash); border-radius: 4px; padding: 0 4px; }
pre {
  font: 12px/1.5 ui-monospace, monospace; background: var(--wash); border-radius: 6px; padding: 8px 12px; margin: 4px 0;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
.method { font: 600 12px/1.5 ui-monospace, monospace; color: var(--accent); }
.also { color: var(--muted); }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none; margin: 16px 0 0; padding: 0; }
dl { display: grid; grid-template-columns: minmax(6ch, max-content) 1fr; gap: 4px 12px; margin: 4px 0; }
dt, dd { margin: 0; }
@media (pointer: coarse) { nav a { display: inline-block; padding: 12px 0; } }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 4px; } }
@media (forced-colors: active) { code { border: 1px solid; } }
`;
