import { PEER_SOCKET } from './balancer-config.ts';

export interface PlaybookOptions {
  /** The unit and the folder on the hosts, and the HAProxy backend. */
  readonly name: string;
  readonly archive: string;
  readonly release: string;
  readonly port: number;
  /** Take each host out of HAProxy first, and put it back when HAProxy finds it healthy. */
  readonly isDrained: boolean;
}

/** `serial: 1`: copy, switch, restart, wait for an answer; with the drain and gate of a careful team, or without. */
export function rollingPlaybook(options: PlaybookOptions): string {
  const { name, release, archive, port } = options;
  const folder = `/srv/${name}/releases/${release}`;
  const play = {
    hosts: 'app',
    serial: 1,
    gather_facts: false,
    tasks: [
      { 'ansible.builtin.file': { path: folder, state: 'directory', mode: '0755' } },
      { 'ansible.builtin.unarchive': { src: archive, dest: folder } },
      ...(options.isDrained ? [inBalancer('drain', name)] : []),
      { 'ansible.builtin.file': { src: folder, path: `/srv/${name}/current`, state: 'link' } },
      { 'ansible.builtin.systemd': { name, state: 'restarted' } },
      {
        'ansible.builtin.uri': { url: `http://127.0.0.1:${port}/health` },
        register: 'health',
        until: 'health is succeeded',
        retries: 60,
        delay: 0,
      },
      ...(options.isDrained ? [inBalancer('enabled', name)] : []),
    ],
  };
  // JSON is YAML.
  return JSON.stringify([play], null, 2);
}

function inBalancer(state: 'drain' | 'enabled', backend: string) {
  return {
    'community.general.haproxy': {
      state,
      host: '{{ inventory_hostname }}',
      backend,
      socket: PEER_SOCKET,
      wait: true,
      wait_interval: 1,
    },
    delegate_to: 'lb1',
  };
}
