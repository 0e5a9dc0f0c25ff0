import type { CrossFinding } from './check-app.ts';
import { finding } from './finding.ts';
import type { ProductionSection } from './schema/production-schema.ts';
import type { FileSurroundings } from './surroundings.ts';

/** Every secret that an app names needs a value before anything can be started with it. */
export function checkSecrets(
  section: ProductionSection,
  { secretRevision }: FileSurroundings,
): readonly CrossFinding[] {
  if (!secretRevision) return [];
  return Object.entries(section.apps).flatMap(([app, { secrets }]) => {
    const uses = [['name'], ['apps', app, 'secrets']];
    return secrets.flatMap((name, index) => {
      if (secretRevision(section.name, app, name) !== undefined) return [];
      const message = `found ${name}, which has no value yet`;
      const next = `Give it one: fairway secrets set ${app} ${name}`;
      return [{ finding: finding(['apps', app, 'secrets', index], 'value', message, next), uses }];
    });
  });
}
