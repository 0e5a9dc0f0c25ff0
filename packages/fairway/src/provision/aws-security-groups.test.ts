import { expect, test } from 'vitest';
import { parseProduction } from '../config/parse.ts';
import { awsGroupsOf, awsSecurityGroups } from './aws-security-groups.ts';

const production = parseProduction(
  `name: shop
provider: aws
aws: { region: eu-central-1, image: ami-0abc, instance_type: t3.small, subnet: subnet-0abc }
hosts:
  lb: { roles: [balancer] }
  flags: { roles: [flags] }
  box1: {}
  old: { address: 10.0.0.9, roles: [mariadb] }
apps:
  web: { runtime: node, instances: [box1], route: { hosts: [shop.example.org] } }
`,
  '/srv/shop/fairway.yml',
);

test('each role of machines that are created has a group, after those whose members it lets in', () => {
  const groups = awsSecurityGroups(production, 'p').map(({ name, rules }) => [name, ...rules]);
  expect(groups).toEqual([
    ['p-all', { proto: 'tcp', ports: [22], cidr_ip: ['0.0.0.0/0'] }],
    ['p-balancer', { proto: 'tcp', ports: [80], cidr_ip: ['0.0.0.0/0'] }],
    ['p-app', { proto: 'tcp', ports: ['20000-29999'], group_name: ['p-balancer'] }],
    ['p-flags', { proto: 'tcp', ports: [6379], group_name: ['p-app'] }],
  ]);
});

test('a machine is in the groups of its roles', () => {
  expect(production.hosts.map((host) => awsGroupsOf(host, 'p').join(' '))).toEqual([
    'p-all p-balancer',
    'p-all p-flags',
    'p-all p-app',
    'p-all p-mariadb',
  ]);
});
