import type { Host, Production } from '../config/production.ts';

/** Variables of the roles of a host, none of them secret: by convention each begins with the name of its role. */
export type RoleVariables = (host: Host, production: Production) => Readonly<Record<string, unknown>>;

export const roleVariables: RoleVariables = (host) => ({
  // Releases that need another Node than this machine's carry it; for all others hosts have the same one.
  ...(host.roles.includes('app') && { app_node_version: process.versions.node }),
  ...(host.roles.includes('flags') && { flags_bind: host.address }),
});
