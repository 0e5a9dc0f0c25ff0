import { z } from 'zod';
import type { Path } from '../yaml-tree.ts';
import { productionSchema } from './production-schema.ts';

/** The parts of JSON Schema that ours uses. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
}

let made: JsonSchema | undefined;

/** What `fairway.yml` may hold, for editors: `packages/fairway/schema/fairway.schema.json` is this, written down. */
export function fairwayJsonSchema(): JsonSchema {
  made ??= {
    title: 'fairway.yml',
    ...z.toJSONSchema(productionSchema, { io: 'input', override: withoutNoise }),
  } as JsonSchema;
  return made;
}

function withoutNoise({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

/** The keys that may stand in the section at `path`; none where the section's keys are names of one's own. */
export function knownKeys(path: Path): readonly string[] {
  let schema: JsonSchema | undefined = fairwayJsonSchema();
  for (const part of path) schema = schema && stepInto(schema, part);
  const sections = schema ? [schema, ...(schema.anyOf ?? [])] : [];
  return sections.flatMap((section) => Object.keys(section.properties ?? {}));
}

function stepInto(schema: JsonSchema, part: string | number): JsonSchema | undefined {
  if (typeof part === 'number') return schema.items;
  const { properties, additionalProperties } = schema;
  if (properties && Object.hasOwn(properties, part)) return properties[part];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}
