export interface TryOptions {
  readonly health: string;
  readonly directory: string;
  readonly runtime: string;
  readonly portEnv: string;
  readonly env: readonly string[];
  readonly instances: number;
  readonly start?: string | undefined;
}

/** A `fairway.yml` for one app called `app` on this machine. JSON is YAML: nothing needs quoting. */
export function configFor(options: TryOptions): string {
  const env = Object.fromEntries(
    options.env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  return JSON.stringify(
    {
      name: 'try',
      control: { listen: '127.0.0.1:0' },
      balancer: { listen: '127.0.0.1:0' },
      apps: {
        app: {
          runtime: options.runtime,
          directory: options.directory,
          ...(options.start !== undefined && { start: options.start }),
          port_env: options.portEnv,
          instances: options.instances,
          health: { path: options.health, interval: '200ms' },
          env,
        },
      },
    },
    null,
    2,
  );
}
