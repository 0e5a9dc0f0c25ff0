import { fairwayJsonSchema, type JsonSchema } from './json-schema.ts';

/** The reference of `fairway.yml` as Markdown, from its JSON Schema: `docs/reference/fairway-yml.md`. */
export function referencePage(): string {
  const schema = fairwayJsonSchema();
  return `${INTRODUCTION}\n${sections('', schema).join('\n')}`;
}

const INTRODUCTION = `# fairway.yml

<!-- Written by \`npm run generate -w fairway\` from packages/fairway/src/config/schema. Do not edit. -->

Every key, what it means, and what holds when it is left out. \`fairway check\` names everything that is wrong with a
file, with its line. Editors complete and check the file with \`packages/fairway/schema/fairway.schema.json\`:

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/fairway/schema/fairway.schema.json
name: production
hosts:
  data1: { address: 10.0.0.12 }
apps:
  web:
    runtime: node
    instances: 5
    health: { path: /health }
    route: { hosts: [www.example.org] }
    env: { DATABASE_HOST: "\${hosts.data1.address}" }
\`\`\`

How values are written:

| value | written as |
| --- | --- |
| duration | \`500ms\`, \`2s\`, \`5m\`, \`1h\`, and together: \`1m30s\` |
| size | \`64kb\`, \`20mb\`, \`1gb\`; a kb is 1024 bytes |
| command | text, split into words without a shell, or a list of words; \`["sh", "-c", "…"]\` where a shell is wanted |
| host range | \`box[1-3]\` is \`box1\`, \`box2\`, \`box3\`; \`[08-10]\` keeps its zeros; an address has a range of the same length |
| reference | \`\${hosts.NAME.address}\` in any text; \`\${VARIABLE}\` in \`start\` and hooks; \`$\${\` stands for \`\${\` itself |
`;

function sections(path: string, schema: JsonSchema): readonly string[] {
  const properties = Object.entries(schema.properties ?? {});
  const title = path === '' ? '## The file' : `## ${path}`;
  const about = schema.description && path !== '' ? `\n${schema.description}\n` : '';
  const rows = properties.map(([key, property]) =>
    row(key, property, schema.required?.includes(key) === true),
  );
  const table = `${title}\n${about}\n| key | value | left out | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  const inner = properties.flatMap(([key, property]) =>
    innerSections(path === '' ? key : `${path}.${key}`, property),
  );
  return [table, ...inner];
}

function innerSections(path: string, property: JsonSchema): readonly string[] {
  const named = property.additionalProperties;
  if (typeof named === 'object' && named.properties) {
    return sections(`${path}.NAME`, { description: property.description ?? '', ...named });
  }
  const section = [property, ...(property.anyOf ?? [])].find((one) => one.properties);
  return section ? sections(path, { description: property.description ?? '', ...section }) : [];
}

function row(key: string, property: JsonSchema, required: boolean): string {
  const cells = [`\`${key}\``, writtenAs(property), leftOut(property, required), property.description ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function leftOut(property: JsonSchema, required: boolean): string {
  if (required) return 'an error';
  const value = property.default;
  if (value === undefined) return '';
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return '';
  if (Array.isArray(value)) return `\`[${value.join(', ')}]\``;
  return `\`${String(value)}\``;
}

function writtenAs(property: JsonSchema): string {
  if (Array.isArray(property.type)) return property.type.map((type) => writtenAs({ type })).join(' or ');
  if (property.enum) return property.enum.map((choice) => `\`${String(choice)}\``).join(', ');
  if (property.anyOf) return property.anyOf.map(writtenAs).join(' or ');
  if (property.pattern?.includes('ms|s|m|h')) return 'duration';
  if (property.pattern?.includes('[kmgKMG]')) return 'size';
  if (property.type === 'array') return `list of ${property.items ? writtenAs(property.items) : 'text'}`;
  if (property.type === 'object') return 'keys and values';
  return (
    { string: 'text', integer: 'number', number: 'number', boolean: 'true or false' }[
      String(property.type)
    ] ?? ''
  );
}
