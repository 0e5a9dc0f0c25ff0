import type { Host, Production } from '../config/production.ts';

/** Variables of the roles of a host, none of them secret: by convention each begins with the name of its role. */
export type RoleVariables = (host: Host, production: Production) => Readonly<Record<string, unknown>>;

export const roleVariables: RoleVariables = (host) => ({
  ...(host.roles.includes('flags') && { flags_bind: host.address }),
});
