// A JSON Schema as a reader takes it in at a glance: `{ "name": string, "size"?: number }`.

import type { JsonSchema } from "./jsonSchema.ts";

export function shapeOf(schema: unknown, indent = ""): string {
  if (!isObject(schema)) return "anything";
  const { $ref, type, items, prefixItems, anyOf, properties, additionalProperties } = schema;
  if (typeof $ref === "string") return $ref.split("/").at(-1) ?? $ref;
  if ("const" in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (Array.isArray(anyOf)) return anyOf.map((option) => shapeOf(option, indent)).join(" | ");
  if (Array.isArray(prefixItems)) return `[${prefixItems.map((item) => shapeOf(item, indent)).join(", ")}]`;
  if (items !== undefined) return `list of ${shapeOf(items, indent)}`;
  if (isObject(properties)) return objectShape(properties, schema.required, indent);
  if (additionalProperties !== undefined) return `{ [name]: ${shapeOf(additionalProperties, indent)} }`;
  return typeof type === "string" ? type : "anything";
}

function objectShape(properties: JsonSchema, required: unknown, indent: string): string {
  const inner = `${indent}  `;
  const isRequired = (name: string) => Array.isArray(required) && required.includes(name);
  const fields = Object.entries(properties).map(
    ([name, schema]) => `${inner}${JSON.stringify(name)}${isRequired(name) ? "" : "?"}: ${shapeOf(schema, inner)}`,
  );
  return fields.length > 0 ? `{\n${fields.join(",\n")}\n${indent}}` : "{}";
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
