import type { App } from '../config/production.ts';
import type { SecretsPlace } from '../config/secret-files.ts';

/** Port: where a rollout gets the values of an app's secrets from. */
export interface Secrets {
  /**
   * Makes sure that what the app is configured with can be opened, now and as long as something may run with it. Throws
   * {@link KeyMissing} and other errors that say what to do, before anything is touched.
   */
  keep(place: SecretsPlace, app: App): Promise<void>;
  /** The values that the configuration was kept with; undefined for an app without secrets. */
  valuesOf(app: App): Promise<Readonly<Record<string, string>> | undefined>;
}
