import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Contender } from '../contender.ts';
import type { Peers } from '../peers.ts';

/** Capistrano with its own git strategy, restarting the hosts in sequence and waiting for each to answer. */
export function capistrano(peers: Peers, name: string, port: number): Contender {
  const folder = join(peers.folder, name);
  const deploy = async (release: string): Promise<undefined> => {
    await peers.commit(release);
    await execa('cap', ['production', 'deploy'], { cwd: folder, all: true });
    return undefined;
  };
  return {
    name,
    port,
    hostname: 'bench.test',
    prepare: async (bootMs) => {
      await peers.installUnit(name, bootMs);
      await mkdir(join(folder, 'config/deploy'), { recursive: true });
      await writeFile(join(folder, 'Capfile'), CAPFILE);
      await writeFile(join(folder, 'config/deploy.rb'), deployScript(name, peers));
      await writeFile(join(folder, 'config/deploy/production.rb'), stage(peers));
      await deploy(`first-${bootMs}`);
    },
    deploy,
  };
}

const CAPFILE = `require 'capistrano/setup'
require 'capistrano/deploy'
require 'capistrano/scm/git'
install_plugin Capistrano::SCM::Git
`;

function deployScript(name: string, peers: Peers): string {
  return `set :application, '${name}'
set :repo_url, '${peers.repositoryUrl}'
set :branch, 'main'
set :deploy_to, '/srv/${name}'
set :keep_releases, 5
set :format, :simpletext
namespace :deploy do
  after :publishing, :restart do
    on roles(:app), in: :sequence do
      execute :systemctl, 'restart', '${name}'
      # curl's own retries begin a second apart.
      execute "timeout 60 sh -c 'until curl -sfo /dev/null http://127.0.0.1:${peers.appPort(name)}/health; do sleep 0.05; done'"
    end
  end
end
`;
}

function stage(peers: Peers): string {
  const servers = peers.appHosts.map(({ address }) => `server '${address}', user: 'root', roles: %w[app]`);
  return `${servers.join('\n')}
set :ssh_options, {
  keys: ['${peers.privateKeyFile}'], keys_only: true, auth_methods: %w[publickey],
  verify_host_key: :always, user_known_hosts_file: ['${peers.knownHostsFile}']
}
`;
}
