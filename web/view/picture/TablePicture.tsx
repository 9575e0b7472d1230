// A table of text: rows as they scroll by, ordered by a column, a column plotted.

import { useComputed, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { mimeOf } from "../../job/fileKind.ts";
import { delimiterOf, isNumeric, orderBy, parseTable, pointsOf, type TextTable } from "../../job/table.ts";
import { thousands } from "../../job/thousands.ts";
import { previewDataBytesMax, tableRowPx, tableRowsMargin } from "../../limits.ts";
import { Icon } from "../icons.tsx";
import { Plot } from "./Plot.tsx";
import { TextPicture } from "./TextPicture.tsx";
import { failedText, type PictureProps, textOf, useHead } from "./useHead.ts";

export function TablePicture(props: PictureProps) {
  const { file, fetcher } = props;
  const head = useHead(file, previewDataBytesMax, fetcher);
  const bytes = head.kind === "ready" ? head.bytes : undefined;
  const table = useMemo(() => {
    const text = head.kind === "ready" ? textOf(head) : undefined;
    if (text === undefined) return undefined;
    const delimiter = mimeOf(file.name) === "text/tab-separated-values" ? "\t" : delimiterOf(text);
    // The last row of a text that was cut may have been cut as well.
    return parseTable(head.kind === "ready" && head.isWhole ? text : text.slice(0, text.lastIndexOf("\n")), delimiter);
  }, [bytes]);
  if (head.kind === "loading") return <p class="hint">Loading</p>;
  if (head.kind === "failed") return <p class="hint">{failedText}</p>;
  if (!table || table.header.length === 0) return <TextPicture {...props} />;
  return <TableView {...props} table={table} isWhole={head.isWhole} />;
}

function TableView({ file, table, isWhole }: PictureProps & { table: TextTable; isWhole: boolean }) {
  const order = useSignal<{ readonly column: number; readonly isDown: boolean } | undefined>(undefined);
  const plotted = useSignal<number | undefined>(undefined);
  const top = useSignal(0);
  const height = useSignal(320);
  const numeric = useMemo(() => table.header.map((_, column) => isNumeric(table, column)), [table]);
  const indexes = useComputed(() => {
    const by = order.value;
    return by ? orderBy(table, by.column, by.isDown) : table.rows.map((_, index) => index);
  });
  const from = Math.max(0, Math.floor(top.value / tableRowPx) - tableRowsMargin);
  const to = Math.min(table.rows.length, from + Math.ceil(height.value / tableRowPx) + 2 * tableRowsMargin);
  const sortBy = (column: number) => {
    const now = order.value;
    if (now?.column !== column) order.value = { column, isDown: false };
    else order.value = now.isDown ? undefined : { column, isDown: true };
  };
  const columnName = (column: number) => table.header[column] || `column ${column + 1}`;
  return (
    <>
      <p class="hint">
        {thousands(table.rows.length)} {table.rows.length === 1 ? "row" : "rows"} · {table.header.length}{" "}
        {table.header.length === 1 ? "column" : "columns"}
        {isWhole ? "" : " · the file goes on"}
      </p>
      {plotted.value === undefined ? null : (
        <Plot points={pointsOf(table, plotted.value)} label={columnName(plotted.value)} />
      )}
      <section
        class="text table"
        aria-label={`Content of ${file.name}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={({ currentTarget }) => {
          top.value = currentTarget.scrollTop;
          height.value = currentTarget.clientHeight;
        }}
      >
        <table aria-rowcount={table.rows.length + 1}>
          <thead>
            <tr>
              {table.header.map((_, column) => (
                <th key={columnName(column) + column} scope="col" aria-sort={sortOf(order.value, column)}>
                  <span class="column">
                    <button type="button" class="quiet" onClick={() => sortBy(column)}>
                      {columnName(column)}
                      <span aria-hidden="true">{marks[sortOf(order.value, column)]}</span>
                    </button>
                    {numeric[column] ? (
                      <button
                        type="button"
                        class="quiet"
                        aria-label={`Plot ${columnName(column)}`}
                        aria-pressed={plotted.value === column}
                        onClick={() => (plotted.value = plotted.value === column ? undefined : column)}
                      >
                        <Icon name="plot" />
                      </button>
                    ) : null}
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr class="space" style={{ height: `${from * tableRowPx}px` }} />
            {indexes.value.slice(from, to).map((index) => (
              <tr key={index} aria-rowindex={index + 2}>
                {table.header.map((_, column) => (
                  <td key={columnName(column) + column} data-numeric={numeric[column]}>
                    {table.rows[index]?.[column] ?? ""}
                  </td>
                ))}
              </tr>
            ))}
            <tr class="space" style={{ height: `${(table.rows.length - to) * tableRowPx}px` }} />
          </tbody>
        </table>
      </section>
    </>
  );
}

const marks = { none: "", ascending: " ↑", descending: " ↓" } as const;

function sortOf(
  order: { readonly column: number; readonly isDown: boolean } | undefined,
  column: number,
): keyof typeof marks {
  if (order?.column !== column) return "none";
  return order.isDown ? "descending" : "ascending";
}
