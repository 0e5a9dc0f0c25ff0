import { canonicalJson } from './canonical-json.ts';
import { quote } from './found.ts';
import type { App, InstanceSpec } from './production.ts';
import { formatDuration, formatSize } from './units.ts';

/**
 * How one configuration of an app differs from another, a line for each key, in the words of fairway.yml:
 * `env.MODE: "a" → "b"`. Values that look like secrets are never shown.
 */
export function differences(before: App, after: App): readonly string[] {
  const old = flatten(before);
  const present = flatten(after);
  const keys = [...new Set([...old.keys(), ...present.keys()])];
  return keys.flatMap((key) => {
    const from = old.get(key);
    const to = present.get(key);
    if (from?.compared === to?.compared) return [];
    return [`${key}: ${describeChange(key, from, to)}`];
  });
}

interface Setting {
  readonly compared: string;
  readonly shown: string;
}

function describeChange(key: string, from: Setting | undefined, to: Setting | undefined): string {
  const secret = [from, to].some((value) => value !== undefined && looksSecret(key, value.compared));
  if (secret) return `${!from ? 'added' : !to ? 'removed' : 'changed'} (not shown)`;
  return `${from?.shown ?? 'nothing'} → ${to?.shown ?? 'nothing'}`;
}

function looksSecret(key: string, value: string): boolean {
  if (key.startsWith('secrets.')) return true;
  if (!/^env\.|headers\./.test(key)) return false;
  return (
    /passw|secret|token|key|credential|auth|private|cookie|dsn/i.test(key) || /:\/\/[^/\s]*@/.test(value)
  );
}

/** Settings by the key that they have in fairway.yml. */
function flatten(app: App): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  const { name: _name, instances, secretRevisions, ...rest } = app;
  settings.set('instances', setting(showInstances(instances)));

  function add(prefix: string, section: object): void {
    for (const [property, value] of Object.entries(section) as [string, unknown][]) {
      if (value === undefined) continue;
      const own = prefix === 'env.' || prefix === 'health.headers.';
      const key = `${prefix}${own ? property : keyInFile(prefix, property)}`;
      if (isSection(value) && key !== 'health.status') add(`${key}.`, value);
      else
        settings.set(key, {
          compared: canonicalJson(value),
          shown: own ? show('', value) : show(property, value),
        });
    }
  }

  add('', rest);
  for (const [name, revision] of Object.entries(secretRevisions ?? {}))
    settings.set(`secrets.${name}`, setting(revision));
  return settings;
}

function setting(shown: string): Setting {
  return { compared: shown, shown };
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const RENAMED: Readonly<Record<string, string>> = {
  'limits.memoryBytes': 'memory',
  'logs.maxBytes': 'max_size',
};

/** `stallTimeoutMs` is `stall_timeout` there. */
function keyInFile(prefix: string, property: string): string {
  const renamed = RENAMED[`${prefix}${property}`];
  const plain = property.replace(/(Ms|Bytes)$/, '');
  return renamed ?? plain.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function show(property: string, value: unknown): string {
  if (typeof value === 'number' && property.endsWith('Ms')) return formatDuration(value);
  if (typeof value === 'number' && property.endsWith('Bytes')) return formatSize(value);
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map((item) => show('', item)).join(', ')}]`;
  if (property === 'status') {
    const { from, to } = value as { from: number; to: number };
    return from === to ? String(from) : `${from}-${to}`;
  }
  return String(value);
}

function showInstances(instances: readonly InstanceSpec[]): string {
  const counted = instances.every((instance, index) => instance.name === String(index + 1));
  return counted ? String(instances.length) : `[${instances.map((instance) => instance.name).join(', ')}]`;
}
