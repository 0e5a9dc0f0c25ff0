import { startBalancerHere } from '../support/embedded-balancer.ts';
import { balancerContract } from './balancer.ts';

balancerContract('embedded', startBalancerHere);
