// A file pictured by its kind. Each kind loads by itself when it is first needed.

import type { FunctionComponent } from "preact";
import { type Pictured, picturedAs } from "../../job/fileKind.ts";
import { ErrorBoundary } from "../ErrorBoundary.tsx";
import { lazy } from "../lazy.tsx";
import "./picture.css";
import type { PictureProps } from "./useHead.ts";

const MediaPicture = lazy<PictureProps>(async () => (await import("./MediaPicture.tsx")).MediaPicture);
const pictures: Readonly<Record<Pictured, FunctionComponent<PictureProps>>> = {
  image: lazy(async () => (await import("./ImagePicture.tsx")).ImagePicture),
  audio: MediaPicture,
  video: MediaPicture,
  pdf: lazy(async () => (await import("./PdfPicture.tsx")).PdfPicture),
  json: lazy(async () => (await import("./JsonPicture.tsx")).JsonPicture),
  table: lazy(async () => (await import("./TablePicture.tsx")).TablePicture),
  markdown: lazy(async () => (await import("./MarkdownPicture.tsx")).MarkdownPicture),
  html: lazy(async () => (await import("./HtmlPicture.tsx")).HtmlPicture),
  text: lazy(async () => (await import("./TextPicture.tsx")).TextPicture),
  bytes: lazy(async () => (await import("./HexPicture.tsx")).HexPicture),
};

export function Picture(props: PictureProps) {
  const Kind = pictures[picturedAs(props.file.name)];
  return (
    <ErrorBoundary key={props.file.name} part={`The picture of ${props.file.name}`}>
      <Kind {...props} />
    </ErrorBoundary>
  );
}
