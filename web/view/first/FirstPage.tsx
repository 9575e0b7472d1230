// What an address without a job shows: what this is, jobs to try, and the two fields that make a first one.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { isLoopbackHost } from "../../../wire/loopback.ts";
import { type Example, fetchExamples } from "../../state/examples.ts";
import { encodeJson, type JsonObject } from "../../url/codec.ts";
import type { ViewProps } from "../shell.ts";
import "./first.css";

export function FirstPage({ page, shell }: ViewProps) {
  const image = useSignal("");
  const command = useSignal("");
  const examples = useSignal<readonly Example[]>([]);
  useEffect(() => {
    void fetchExamples(page.browser).then((found) => {
      examples.value = found;
    });
  }, []);
  // A page that this very computer serves has its own queue.
  const isLocal = isLoopbackHost(new URL(page.browser.origin).hostname);
  const use = (job: JsonObject, inputs?: Example["inputs"]) => {
    const queue = page.target.value.kind === "none" && isLocal ? { queue: "local" } : {};
    const files = inputs ? { inputs: encodeJson(inputs) } : {};
    page.address.write({ job: encodeJson(job), ...files, ...queue }, true);
  };
  /** Shown and run: a click on an example is a click on Run. */
  const tryOut = ({ job, localImage, inputs }: Example) => {
    use(isLocal && localImage !== undefined ? { ...job, image: localImage } : job, inputs);
    if (page.target.peek().kind !== "target") {
      shell.show("settings");
      return;
    }
    const stop = page.definition.subscribe((state) => {
      if (state.kind !== "ready") return;
      queueMicrotask(() => {
        stop();
        page.run.press();
      });
    });
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const words = command.value.trim();
    if (image.value.trim() !== "") use({ image: image.value.trim(), ...(words ? { command: words } : {}) });
  };
  return (
    <main class="first">
      <h1>Any Docker image, run from a URL</h1>
      <p>
        Name an image and a command. The address of this page becomes the job: open it, share it, or put it into a
        metapage. What the program writes to <code>/outputs</code> appears here, and what flows in arrives in{" "}
        <code>/inputs</code>.
      </p>
      {examples.value.length > 0 ? (
        <section aria-label="Examples">
          <h2>Try one</h2>
          <ul class="examples">
            {examples.value.map((example) => (
              <li key={example.name}>
                <button type="button" onClick={() => tryOut(example)}>
                  {example.name} <span class="hint">{example.about}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <p class="whole">
        <a class="button" href={location.href} target="_blank" rel="noreferrer">
          Open
        </a>
      </p>
      <form onSubmit={submit}>
        <h2>Or make your own</h2>
        <TextField label="Image" name="image" placeholder="python:3.13-alpine" value={image} />
        <TextField
          label="Command"
          name="command"
          placeholder="sh -c &quot;date > /outputs/now.txt&quot;"
          value={command}
        />
        <div class="actions">
          <button type="submit" class="primary" disabled={image.value.trim() === ""}>
            Make the job
          </button>
        </div>
      </form>
    </main>
  );
}

function TextField({
  label,
  name,
  placeholder,
  value,
}: {
  label: string;
  name: string;
  placeholder: string;
  value: { value: string };
}) {
  return (
    <label>
      <span>{label}</span>
      <input
        name={name}
        value={value.value}
        placeholder={placeholder}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onInput={({ currentTarget }) => {
          value.value = currentTarget.value;
        }}
      />
    </label>
  );
}
