import { describe, it } from 'vitest';
import { haproxyInstalled, startHaproxyHere } from '../support/local-haproxy.ts';
import { balancerContract } from './balancer.ts';

if (haproxyInstalled) balancerContract('haproxy', () => startHaproxyHere());
else describe.skip('Balancer: haproxy (not installed)', () => it('is skipped'));
