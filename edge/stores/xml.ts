// The little XML that S3 speaks.

import { parseXml, XmlElement } from "@rgrove/parse-xml";

export type Xml = XmlElement;

/** The root element; undefined for what is no XML: an empty answer, or one of something before the store. */
export function readXml(text: string): Xml | undefined {
  // As most answers are: an exception for each would cost as much as signing it.
  if (text === "") return undefined;
  try {
    return parseXml(text).root ?? undefined;
  } catch {
    return undefined;
  }
}

/** The texts of an element's children by name: the last, where there are several of one name. */
export function childrenOf(xml: Xml): Readonly<Record<string, string>> {
  return Object.fromEntries(elementsOf(xml).map((child) => [child.name, child.text]));
}

export function elementsOf({ children }: Xml): readonly Xml[] {
  return children.filter((child) => child instanceof XmlElement);
}

/** A text, or elements in their order. */
export type XmlContent = string | number | readonly (readonly [name: string, XmlContent])[];

export function writeXml(root: string, content: XmlContent): string {
  return `<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${textOf(content)}</${root}>`;
}

function textOf(content: XmlContent): string {
  if (typeof content !== "object") return escapeText(String(content));
  return content.map(([name, inside]) => `<${name}>${textOf(inside)}</${name}>`).join("");
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
