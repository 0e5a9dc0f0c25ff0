import { freePort } from '../support/free-port.ts';
import { LocalMachine } from '../support/local-machine.ts';
import { hostsContract } from './hosts.ts';

hostsContract('this machine, by its supervisor', () => {
  const machine = new LocalMachine();
  const { hosts, scratch } = machine;
  return Promise.resolve({
    hosts,
    host: 'local',
    address: '127.0.0.1',
    scratch,
    node: process.execPath,
    canLimitMemory: true,
    freePort,
    close: () => machine.close(),
  });
});
