// Ways to take this job elsewhere: links, frames, and the same job for a terminal or a program.

import { useSignal } from "@preact/signals";
import { paths } from "../../../wire/http.ts";
import {
  curlOf,
  dockerRunOf,
  iframeOf,
  javascriptOf,
  metapageOf,
  pythonOf,
  type SharedJob,
} from "../../job/shareTexts.ts";
import type { Page } from "../../state/page.ts";
import { encodeText } from "../../url/codec.ts";
import { CopyText } from "../CopyText.tsx";
import type { ViewProps } from "../shell.ts";
import "./share.css";
import { thousands } from "../../job/thousands.ts";

interface Form {
  readonly name: string;
  readonly hint: string;
  readonly text: string;
}

export function Share({ page }: ViewProps) {
  const chosen = useSignal("Link");
  page.address.parameters.value;
  const forms = formsOf(page, location.href);
  const form = forms.find(({ name }) => name === chosen.value) ?? forms[0];
  if (!form) return null;
  return (
    <div class="share">
      <fieldset>
        <legend class="spoken">As</legend>
        {forms.map(({ name }) => (
          <label key={name}>
            <input type="radio" name="share-as" checked={name === form.name} onChange={() => (chosen.value = name)} />
            <span>{name}</span>
          </label>
        ))}
      </fieldset>
      <p class="hint">{form.hint}</p>
      <CopyText key={form.name} text={form.text} label={form.name} />
    </div>
  );
}

function formsOf(page: Page, url: string): readonly Form[] {
  const ready = page.ready.value;
  const target = page.target.value;
  const job = ready && target.kind === "target" ? { ...ready, target: target.target } : undefined;
  const secret = "Its queue's name is in it: whoever has it can submit jobs there and read them.";
  return [
    {
      name: "Link",
      hint: `The whole job, in ${thousands(url.length)} characters. ${job ? secret : ""}`,
      text: url,
    },
    ...(job && page.queue.jobs.value.has(job.id) ? [shortLink(page, job)] : []),
    { name: "Frame", hint: "For a web page, a notebook or a document that takes HTML.", text: iframeOf(url) },
    { name: "Metapage", hint: "A metapage with this one frame, to connect others to.", text: metapageOf(url) },
    ...(job ? programs(job) : []),
  ];
}

function shortLink({ browser, address }: Page, { id }: SharedJob): Form {
  const { queue, queueOverride, ignoreQueueOverride } = address.parameters.value;
  const written = queueOverride !== "" && !ignoreQueueOverride ? queueOverride : queue;
  return {
    name: "Short link",
    hint: "This very job with the inputs it has now, as long as its queue keeps it: four weeks unless set otherwise.",
    text: `${browser.origin}${paths.publicJob(id)}#?queue=${encodeText(written)}`,
  };
}

function programs(job: SharedJob): readonly Form[] {
  return [
    {
      name: "docker run",
      hint: "The same container on your own machine, without a queue: files from inputs/, results in outputs/.",
      text: dockerRunOf(job),
    },
    { name: "curl", hint: "Submits the job, follows it and reads its result.", text: curlOf(job) },
    { name: "Python", hint: "Needs nothing but Python 3.8 or newer.", text: pythonOf(job) },
    {
      name: "JavaScript",
      hint: "For Node, Deno, Bun, or a page that the queue's server admits.",
      text: javascriptOf(job),
    },
  ];
}
