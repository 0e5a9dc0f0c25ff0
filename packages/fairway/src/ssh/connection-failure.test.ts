import { describe, expect, it } from 'vitest';
import { connectionFailure } from './connection-failure.ts';

const target = {
  name: 'box1',
  address: '10.0.0.21',
  port: 22,
  user: 'fairway',
  knownHostsFile: '/srv/known_hosts',
  controlDirectory: '/tmp/x',
};

describe('what ssh wrote when it could not connect', () => {
  it.each([
    ['ssh: connect to host 10.0.0.21 port 22: Connection refused', 'host-unreachable'],
    ['ssh: connect to host 10.0.0.21 port 22: No route to host', 'host-unreachable'],
    ['ssh: Could not resolve hostname nowhere: Name or service not known', 'host-unreachable'],
    ['kex_exchange_identification: Connection closed by remote host', 'host-unreachable'],
    ['Connection timed out during banner exchange', 'host-unreachable'],
    ['', 'host-unreachable'],
    ['fairway@10.0.0.21: Permission denied (publickey).', 'authentication-refused'],
    [
      'Received disconnect from 10.0.0.21 port 22:2: Too many authentication failures\nDisconnected',
      'authentication-refused',
    ],
    [
      'No ED25519 host key is known for 10.0.0.21 and you have requested strict checking.\nHost key verification failed.',
      'host-key-unknown',
    ],
    [
      '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n…\nHost key verification failed.',
      'host-key-changed',
    ],
    ['command-line: line 0: Bad configuration option: foo', 'ssh-unusable'],
  ])('%s', (written, code) => {
    expect(connectionFailure(target, written)).toMatchObject({ code, host: 'box1' });
  });

  it('is told with the host, the fact and the next step', () => {
    expect(
      connectionFailure(target, 'ssh: connect to host 10.0.0.21 port 22: Connection refused\r\n').message,
    ).toBe(
      'box1 (fairway@10.0.0.21) cannot be reached: ssh: connect to host 10.0.0.21 port 22: Connection refused. ' +
        'Check that the machine is up and that its SSH port is open from here',
    );
  });
});
