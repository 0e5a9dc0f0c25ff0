import type { Overview } from '../server/api.ts';
import { closestOf } from './closest.ts';
import { UsageError } from './exit.ts';

/** Throws a UsageError that names the apps there are, unless this is one of them. */
export function requireApp(app: string, { apps }: Overview): void {
  const names = apps.map((one) => one.app);
  if (names.includes(app)) return;
  throw new UsageError(
    `there is no app "${app}"`,
    closestOf(app, names) ??
      (names.length > 0 ? `the apps are: ${names.join(', ')}` : 'add one to fairway.yml'),
  );
}
