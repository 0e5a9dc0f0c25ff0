import { z } from 'zod';
import { choice, text } from './leaf.ts';
import { listenAddress } from './values.ts';

const tls = z.strictObject({
  listen: listenAddress('0.0.0.0').prefault('0.0.0.0:443').describe('Where visitors connect with HTTPS.'),
  certificates: text('a folder of certificates')
    .optional()
    .describe('Folder of PEM files, each a chain with its private key; relative to this file.'),
  self_signed: z
    .boolean()
    .prefault(false)
    .describe('Instead: one self-signed certificate, for rehearsals. Browsers warn of it.'),
  redirect: z.boolean().prefault(true).describe('Whether plain HTTP requests are sent on to HTTPS.'),
});

export const balancerSchema = z.strictObject({
  type: choice(['embedded', 'haproxy'])
    .optional()
    .describe(
      '`embedded`: the balancer that comes with Fairway. `haproxy`: HAProxy on the hosts with the role `balancer`. ' +
        'Left out: `embedded` with provider local, `haproxy` otherwise; no other combination is possible.',
    ),
  listen: listenAddress(undefined)
    .optional()
    .describe(
      'Where visitors connect. Left out: `127.0.0.1:8080` with provider local, `0.0.0.0:80` otherwise. A port alone is ' +
        'on that address. Port 0 is any free one, with provider local.',
    ),
  tls: tls.optional().describe('HTTPS, with HAProxy. Left out: plain HTTP only.'),
});

export type BalancerSection = z.output<typeof balancerSchema>;
