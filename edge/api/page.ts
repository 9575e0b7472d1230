// The API's description for people: one static page without scripts, made from the same table as the OpenAPI document.

import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { html, raw } from "hono/html";
import { base64OfBytes } from "../../wire/dataRef.ts";
import { aboutTheApi, aboutWebhooks, mentioned, namedSchemas, openApiPath } from "./document.ts";
import { type Answer, type Operation, parameters } from "./operation.ts";
import { operations } from "./operations.ts";
import { pageStyle } from "./pageStyle.ts";
import { shapeOf } from "./shape.ts";

type Html = ReturnType<typeof html>;

/** Only the page's own style sheet may apply, and nothing else may load or run. */
export const apiPagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${base64OfBytes(sha256(utf8ToBytes(pageStyle)))}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

export function apiPage(): Html {
  const groups = [...new Set(operations.map(({ group }) => group))];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Longshore: the API</title>
<style>${raw(pageStyle)}</style>
</head>
<body>
<header>
<h1>The API</h1>
<p>${inline(aboutTheApi)} This page as <a href="/openapi.json">an OpenAPI document</a>.</p>
</header>
<nav aria-label="Sections"><ul>${groups.map((group) => html`<li><a href="#${slug(group)}">${group}</a></li>`)}
<li><a href="#webhooks">Webhooks</a></li><li><a href="#names">Names in paths</a></li><li><a href="#shapes">Shapes</a></li></ul></nav>
<main>${groups.map(sectionOf)}
<section><h2 id="webhooks">Webhooks</h2><p>${inline(aboutWebhooks)}</p></section>
<section><h2 id="names">Names in paths</h2>${definitionList(parameters)}</section>
<section><h2 id="shapes">Shapes</h2><p>A question mark stands behind what may be missing.</p>${Object.entries(
    namedSchemas(),
  ).map(([name, schema]) => html`<h3 id="shape-${name}">${name}</h3><pre>${shapeOf(schema)}</pre>`)}</section>
</main>
</body>
</html>`;
}

function sectionOf(group: string): Html {
  const own = operations.filter((operation) => operation.group === group);
  return html`<section><h2 id="${slug(group)}">${group}</h2>${own.map(operationOf)}</section>`;
}

function operationOf({ method, paths, summary, more, deprecated, query, headers, body, answers }: Operation): Html {
  const [main, ...others] = paths;
  return html`<article>
<h3><span class="method">${method.toUpperCase()}</span> <code>${openApiPath(main)}</code></h3>
<p>${deprecated ? html`<strong>Deprecated.</strong> ` : ""}${summary}.${more ? html` ${inline(more)}` : ""}</p>
${others.length > 0 ? html`<p class="also">Also ${others.map((path) => html`<code>${openApiPath(path)}</code> `)}</p>` : ""}
${body ? html`<h4>Body</h4><p>${body.what}${shape(body)}</p>` : ""}
${query ? html`<h4>Query</h4>${definitionList(query)}` : ""}
${headers ? html`<h4>Headers</h4>${definitionList(headers)}` : ""}
<h4>Answers</h4><dl>${Object.entries(answers).map(
    ([status, answer]) => html`<dt><code>${status}</code></dt><dd>${inline(answer.what)}${shape(answer)}</dd>`,
  )}</dl>
</article>`;
}

/** What the JSON looks like: a link to the shape's name, or the shape itself where it has none. */
function shape({ schema }: Pick<Answer, "schema">): Html | string {
  if (!schema) return "";
  const json = mentioned(schema);
  const text = shapeOf(json);
  return "$ref" in json ? html` <a href="#shape-${text}">${text}</a>` : html`<pre>${text}</pre>`;
}

function definitionList(entries: Readonly<Record<string, string>>): Html {
  return html`<dl>${Object.entries(entries).map(([term, what]) => html`<dt><code>${term}</code></dt><dd>${inline(what)}</dd>`)}</dl>`;
}

/** Text with \`code\` in it. */
function inline(text: string): readonly (string | Html)[] {
  return text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}

function slug(group: string): string {
  return group.toLowerCase();
}
