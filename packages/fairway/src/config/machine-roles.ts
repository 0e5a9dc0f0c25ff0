/** What Fairway can set a machine up for. Any other role of a host is one of the user's own, named in `provision`. */
export const MACHINE_ROLES = [
  'app',
  'balancer',
  'flags',
  'control',
  'mongodb',
  'mariadb',
  'postgresql',
  'redis',
] as const;
