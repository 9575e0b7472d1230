// JSON Schema (2020-12, as OpenAPI 3.1 wants it) of the kinds of Valibot schema that the wire uses. A kind that it does not
// know is a mistake of ours and throws, so that a test finds it.

import type * as v from "valibot";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schemas that the document names once and refers to. */
export type NamedSchemas = ReadonlyMap<v.GenericSchema, string>;

/** The schema by reference if it has a name, else in full. */
export function jsonSchemaOf(schema: v.GenericSchema, named: NamedSchemas): JsonSchema {
  const name = named.get(schema);
  return name === undefined ? bodyOf(schema, named) : { $ref: `#/components/schemas/${name}` };
}

/** The schema in full; what it is made of by reference. */
export function bodyOf(schema: v.GenericSchema, named: NamedSchemas): JsonSchema {
  const [root, ...actions] = listOf(schema, "pipe");
  if (!isSchema(root)) return plain(schema, named);
  return Object.assign(
    {},
    jsonSchemaOf(root, named),
    ...actions.map((action) => (isSchema(action) ? jsonSchemaOf(action, named) : constraintOf(action))),
  );
}

function plain(schema: v.GenericSchema, named: NamedSchemas): JsonSchema {
  const convert = (part: unknown): JsonSchema => jsonSchemaOf(schemaIn(part, schema.type), named);
  const all = (key: string) => listOf(schema, key).map(convert);
  switch (schema.type) {
    case "string":
    case "number":
    case "boolean":
      return { type: schema.type };
    case "unknown":
      return {};
    case "undefined":
      return { type: "null" };
    case "literal":
      return { const: fieldOf(schema, "literal") };
    case "picklist":
      return { enum: listOf(schema, "options") };
    case "array":
      return { type: "array", items: convert(fieldOf(schema, "item")) };
    case "tuple": {
      const items = all("items");
      return { type: "array", prefixItems: items, minItems: items.length, maxItems: items.length };
    }
    case "record":
      return { type: "object", additionalProperties: convert(fieldOf(schema, "value")) };
    case "union":
    case "variant":
      return { anyOf: all("options") };
    case "optional":
      return convert(fieldOf(schema, "wrapped"));
    case "nullable":
      return { anyOf: [convert(fieldOf(schema, "wrapped")), { type: "null" }] };
    case "object":
      return objectOf(schema, convert);
    default:
      throw new TypeError(`The OpenAPI document can't show schemas of the kind ${schema.type}.`);
  }
}

function objectOf(schema: v.GenericSchema, convert: (part: unknown) => JsonSchema): JsonSchema {
  const entries = Object.entries(fieldOf(schema, "entries") ?? {});
  const required = entries.filter(([, entry]) => isSchema(entry) && entry.type !== "optional").map(([name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, entry]) => [name, convert(entry)])),
    ...(required.length > 0 ? { required } : {}),
  };
}

/** What an action of a pipe says about the value; checks that only code can make say nothing. */
function constraintOf(action: unknown): JsonSchema {
  const requirement = fieldOf(action, "requirement");
  switch (fieldOf(action, "type")) {
    case "min_length":
      return { minLength: requirement };
    case "max_length":
      return { maxLength: requirement };
    case "min_value":
      return { minimum: requirement };
    case "max_value":
      return { maximum: requirement };
    case "max_entries":
      return { maxProperties: requirement };
    case "integer":
      return { type: "integer" };
    case "regex":
      return requirement instanceof RegExp ? { pattern: requirement.source } : {};
    case "brand":
    case "check":
    case "raw_check":
    case "transform":
      return {};
    default:
      throw new TypeError(`The OpenAPI document can't show the action ${String(fieldOf(action, "type"))}.`);
  }
}

function isSchema(part: unknown): part is v.GenericSchema {
  return fieldOf(part, "kind") === "schema";
}

function schemaIn(part: unknown, where: string): v.GenericSchema {
  if (isSchema(part)) return part;
  throw new TypeError(`There is no schema where the kind ${where} has one.`);
}

function fieldOf(part: unknown, key: string): unknown {
  return typeof part === "object" && part !== null
    ? Object.entries(part).find(([name]) => name === key)?.[1]
    : undefined;
}

function listOf(part: unknown, key: string): readonly unknown[] {
  const list = fieldOf(part, key);
  return Array.isArray(list) ? list : [];
}
