const WIDTH = 110;

/** JSON as the project's formatter lays it out: a list on one line where it fits, a section over several. */
export function formattedJson(value: unknown): string {
  return `${format(value, '', 0)}\n`;
}

function format(value: unknown, indent: string, taken: number): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    const line = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    const isFlat = value.every((item) => typeof item !== 'object');
    if (isFlat && indent.length + taken + line.length < WIDTH) return line;
    return `[\n${value.map((item) => `${deeper}${format(item, deeper, 0)}`).join(',\n')}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) => {
    const name = `${JSON.stringify(key)}: `;
    return `${deeper}${name}${format(inner, deeper, name.length)}`;
  });
  return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${indent}}`;
}
