// What an address without a job shows: what this is, and the two fields that make a first job.

import { useSignal } from "@preact/signals";
import { isLoopbackHost } from "../../../wire/loopback.ts";
import type { Page } from "../../state/page.ts";
import { encodeJson } from "../../url/codec.ts";

const example = { image: "longshore/shell", command: `sh -c "echo Hello from a container | tee /outputs/hello.txt"` };

export function FirstPage({ page }: { page: Page }) {
  const image = useSignal("");
  const command = useSignal("");
  // A page that this very computer serves has its own queue.
  const isLocal = isLoopbackHost(new URL(page.browser.origin).hostname);
  const use = (job: { image: string; command?: string }) => {
    const queue = page.target.value.kind === "none" && isLocal ? { queue: "local" } : {};
    page.address.write({ job: encodeJson(job), ...queue }, true);
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
      <form onSubmit={submit}>
        <TextField label="Image" name="image" placeholder={example.image} value={image} />
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
          <button type="button" onClick={() => use(example)}>
            Try an example
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
