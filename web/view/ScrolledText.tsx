// A longer text in a box of its own, which scrolls, by keyboard too.

export function ScrolledText({ text, label }: { text: string; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="text" aria-label={label} tabIndex={0}>
      <pre>{text}</pre>
    </section>
  );
}
