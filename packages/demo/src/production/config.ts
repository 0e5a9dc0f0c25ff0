export interface HelloProduction {
  readonly name: string;
  /** Changes to the app's `deploy` section. */
  readonly deploy?: string;
}

/** A balancer, a flags host and five app hosts with the project's small app: JSON would do, but people read this one. */
export function helloProduction({ name, deploy }: HelloProduction): string {
  return `name: ${name}
provider: lab
control: { listen: 127.0.0.1:0 }
hosts:
  lb1: { roles: [balancer] }
  flags1: { roles: [flags] }
  web[1-5]: {}
apps:
  hello:
    runtime: { type: node }
    instances: web[1-5]
    health: { path: /health, interval: 100ms, timeout: 1s, rise: 2, start_timeout: 10s }
    deploy: ${deploy ?? '{ strategy: rolling, max_unavailable: 1, drain_timeout: 10s }'}
`;
}
