import type { Host, Production } from '../config/production.ts';

/** Variables of the roles of a host, none of them secret: by convention each begins with the name of its role. */
export type RoleVariables = (host: Host, production: Production) => Readonly<Record<string, unknown>>;

export const roleVariables: RoleVariables = (host, production) => {
  const has = (role: string) => host.roles.includes(role);
  return {
    ...(has('app') && appVariables(host)),
    ...(has('balancer') && balancerVariables(production)),
    ...(has('flags') && { flags_bind: host.address }),
  };
};

function appVariables({ ssh }: Host) {
  return {
    app_deploy_user: ssh.user,
    // Releases that need another Node than this machine's carry it; for all others hosts have the same one.
    app_node_version: process.versions.node,
  };
}

function balancerVariables({ balancer: { listen, tls } }: Production) {
  return {
    balancer_listen: listen,
    balancer_tls: tls
      ? {
          listen: tls.listen,
          redirect: tls.redirect,
          ...(tls.certificatesDirectory !== undefined && { certificates: tls.certificatesDirectory }),
        }
      : {},
  };
}
