export interface ProvisionOptions {
  readonly limit?: readonly string[];
  readonly check?: boolean;
  readonly yes?: boolean;
  readonly acceptHostKeys?: boolean;
  readonly knownHosts?: readonly string[];
  readonly destroy?: boolean | string;
  readonly json?: boolean;
}
