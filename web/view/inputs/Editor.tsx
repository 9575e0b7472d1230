// A text file of the address in a real editor. What is typed is in the address after a moment; Ctrl+Enter runs.

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import {
  bracketMatching,
  defaultHighlightStyle,
  HighlightStyle,
  indentOnInput,
  StreamLanguage,
  syntaxHighlighting,
} from "@codemirror/language";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "preact/hooks";
import { editorSettleMs } from "../../limits.ts";
import { Icon } from "../icons.tsx";
import type { ViewProps } from "../shell.ts";
import { filesOf } from "./fileEdits.ts";
import { languageOf } from "./language.ts";

export function Editor({ page, name }: ViewProps & { readonly name: string }) {
  const box = useRef<HTMLDivElement>(null);
  const text = page.address.parameters.value.inputs?.[name] ?? "";
  const editor = useRef<EditorView | undefined>(undefined);
  const pending = useRef<{ readonly text: string; callOff: () => void } | undefined>(undefined);

  const flush = () => {
    const now = pending.current;
    pending.current = undefined;
    page.address.pendingEdit.value = undefined;
    now?.callOff();
    if (now) filesOf(page).setText(name, now.text, false);
    page.address.isTyping.value = false;
  };
  const type = (typed: string) => {
    page.address.isTyping.value = true;
    page.address.pendingEdit.value = flush;
    pending.current?.callOff();
    pending.current = { text: typed, callOff: page.browser.clock.after(editorSettleMs, flush) };
  };
  const run = () => {
    page.run.press();
    return true;
  };
  useEffect(() => {
    if (!box.current) return undefined;
    // In a shadow tree the editor's own styles are sheets of that tree, which the page's policy allows; as elements of the
    // document they would be refused.
    const root = box.current.shadowRoot ?? box.current.attachShadow({ mode: "open" });
    const language = new Compartment();
    const view = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          syntaxHighlighting(colours),
          look,
          language.of([]),
          keymap.of([{ key: "Mod-Enter", run }, ...defaultKeymap, ...historyKeymap, ...searchKeymap, indentWithTab]),
          EditorView.contentAttributes.of({ "aria-label": `Text of ${name}` }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !update.transactions.some((one) => one.isUserEvent("longshore")))
              type(update.state.doc.toString());
          }),
        ],
      }),
    });
    editor.current = view;
    let isHere = true;
    void languageOf(name).then(
      (mode) => {
        if (isHere && mode) view.dispatch({ effects: language.reconfigure(StreamLanguage.define(mode)) });
      },
      () => {
        // Without its colours a text can be edited all the same.
      },
    );
    return () => {
      isHere = false;
      flush();
      view.destroy();
    };
  }, []);
  useEffect(() => {
    // The address changed by itself: another page's edit, or Back.
    const view = editor.current;
    if (!view || pending.current || view.state.doc.toString() === text) return;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, userEvent: "longshore" });
  }, [text]);
  return (
    <>
      <div class="editor" ref={box} />
      <p class="editor-foot">
        <span class="hint">
          In the container: <code>{name.startsWith("/") ? name : `/inputs/${name}`}</code>. Ctrl+Enter runs; Escape,
          then Tab leaves.
        </span>
        <button type="button" class="quiet" aria-label={`Remove ${name}`} onClick={() => filesOf(page).remove(name)}>
          <Icon name="close" />
        </button>
      </p>
    </>
  );
}

const look = EditorView.theme({
  "&": { fontSize: "12px", backgroundColor: "var(--paper)", color: "var(--ink)", maxHeight: "60vh" },
  ".cm-content, .cm-gutters": { fontFamily: "var(--mono)", lineHeight: "18px" },
  ".cm-gutters": { backgroundColor: "var(--raised)", color: "var(--muted)", borderRight: "1px solid var(--line)" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in oklch, var(--wash) 50%, transparent)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--wash) !important" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--ink)" },
});

/** The library's own colours, which are made for white paper, in those of the page. */
const ofPage: Readonly<Record<string, string>> = {
  "#708": "var(--accent)",
  "#219": "var(--waiting)",
  "#164": "var(--waiting)",
  "#a11": "var(--good)",
  "#e40": "var(--good)",
  "#940": "var(--muted)",
  "#f00": "var(--bad)",
};
const colours = HighlightStyle.define(
  defaultHighlightStyle.specs.map((spec) =>
    typeof spec.color === "string" ? { ...spec, color: ofPage[spec.color] ?? "var(--ink)" } : spec,
  ),
);
