// Markdown, drawn from its tokens: no HTML text is ever made of a stranger's words, and no picture is fetched from
// elsewhere.

import { lexer, type Token, type Tokens } from "marked";
import type { ComponentChildren, JSX } from "preact";
import { previewDataBytesMax } from "../../limits.ts";
import type { OutputFile } from "../../state/outputFiles.ts";
import { ImagePicture } from "./ImagePicture.tsx";
import { TextPicture } from "./TextPicture.tsx";
import { failedText, type PictureProps, textOf, useHead } from "./useHead.ts";

export function MarkdownPicture(props: PictureProps) {
  const head = useHead(props.file, previewDataBytesMax, props.fetcher);
  if (head.kind === "loading") return <p class="hint">Loading</p>;
  if (head.kind === "failed") return <p class="hint">{failedText}</p>;
  const text = head.isWhole ? textOf(head) : undefined;
  if (text === undefined) return <TextPicture {...props} />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="text prose" aria-label={`Content of ${props.file.name}`} tabIndex={0}>
      <TokenList tokens={lexer(text)} props={props} />
    </section>
  );
}

function TokenList({ tokens = [], props }: { tokens: readonly Token[] | undefined; props: PictureProps }) {
  return (
    <>
      {tokens.map((token, index) => (
        <TokenView key={index} token={token} props={props} />
      ))}
    </>
  );
}

function TokenView({ token, props }: { token: Token; props: PictureProps }): JSX.Element | null {
  const inside = (tokens: readonly Token[] | undefined): ComponentChildren => (
    <TokenList tokens={tokens} props={props} />
  );
  if (isOf(token, "heading")) return <Heading depth={token.depth}>{inside(token.tokens)}</Heading>;
  if (isOf(token, "paragraph")) return <p>{inside(token.tokens)}</p>;
  if (isOf(token, "strong")) return <strong>{inside(token.tokens)}</strong>;
  if (isOf(token, "em")) return <em>{inside(token.tokens)}</em>;
  if (isOf(token, "del")) return <del>{inside(token.tokens)}</del>;
  if (isOf(token, "codespan")) return <code>{token.text}</code>;
  if (isOf(token, "code"))
    return (
      <pre>
        <code>{token.text}</code>
      </pre>
    );
  if (isOf(token, "blockquote")) return <blockquote>{inside(token.tokens)}</blockquote>;
  if (isOf(token, "list")) return <List list={token} props={props} />;
  if (isOf(token, "table")) return <Table table={token} props={props} />;
  if (isOf(token, "link")) return <Link href={token.href}>{inside(token.tokens)}</Link>;
  if (isOf(token, "image")) return <Image image={token} props={props} />;
  if (isOf(token, "hr")) return <hr />;
  if (isOf(token, "br")) return <br />;
  if (isOf(token, "space") || isOf(token, "def")) return null;
  if (isOf(token, "text")) return <>{token.tokens ? inside(token.tokens) : unescaped(token.text)}</>;
  if (isOf(token, "escape")) return <>{token.text}</>;
  // HTML inside is shown as what it is: text.
  return <>{token.raw}</>;
}

interface ByType {
  heading: Tokens.Heading;
  paragraph: Tokens.Paragraph;
  strong: Tokens.Strong;
  em: Tokens.Em;
  del: Tokens.Del;
  codespan: Tokens.Codespan;
  code: Tokens.Code;
  blockquote: Tokens.Blockquote;
  list: Tokens.List;
  table: Tokens.Table;
  link: Tokens.Link;
  image: Tokens.Image;
  hr: Tokens.Hr;
  br: Tokens.Br;
  space: Tokens.Space;
  def: Tokens.Def;
  text: Tokens.Text;
  escape: Tokens.Escape;
}

/** The library's union has an open member, which keeps its `type` from telling the others apart. */
function isOf<K extends keyof ByType>(token: Token, type: K): token is ByType[K] {
  return token.type === type;
}

function Heading({ depth, children }: { depth: number; children: ComponentChildren }) {
  // The page has the first rank.
  if (depth === 1) return <h2>{children}</h2>;
  return depth === 2 ? <h3>{children}</h3> : <h4>{children}</h4>;
}

function List({ list, props }: { list: Tokens.List; props: PictureProps }) {
  const items = list.items.map((item, index) => (
    <li key={index}>
      {item.task ? <input type="checkbox" disabled checked={item.checked === true} aria-label="Done" /> : null}
      <TokenList tokens={item.tokens} props={props} />
    </li>
  ));
  return list.ordered ? <ol start={Number(list.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ table, props }: { table: Tokens.Table; props: PictureProps }) {
  const align = (index: number) => ({ textAlign: table.align[index] ?? "left" });
  return (
    <table>
      <thead>
        <tr>
          {table.header.map((cell, index) => (
            <th key={index} style={align(index)}>
              <TokenList tokens={cell.tokens} props={props} />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, at) => (
          <tr key={at}>
            {row.map((cell, index) => (
              <td key={index} style={align(index)}>
                <TokenList tokens={cell.tokens} props={props} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Only to pages of the web, in a tab of their own that does not know us. */
function Link({ href, children }: { href: string; children: ComponentChildren }) {
  if (!/^https?:\/\//i.test(href)) return <span title={href}>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  );
}

/** Another output of the same run, or its words. */
function Image({ image, props }: { image: Tokens.Image; props: PictureProps }) {
  const name = safeDecoded(image.href.replace(/^\.\//, ""));
  const file: OutputFile | undefined = props.files.find((one) => one.name === name);
  if (!file) return <span class="hint">[picture: {image.text || image.href}]</span>;
  return <ImagePicture {...props} file={file} isLarge={false} />;
}

function safeDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  "#39": "'",
  nbsp: "\u00a0",
};

/** The few entities that writers of Markdown use. */
function unescaped(text: string): string {
  return text.replace(/&([a-z]+|#39);/g, (all: string, name: string) => entities[name] ?? all);
}
