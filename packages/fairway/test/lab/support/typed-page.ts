import { type ChildProcess, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Lab } from '../../../src/lab/lab.ts';
import { waitUntil } from '../../support/wait-until.ts';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));
const SECRET = 'typed-on-a-line-8d31';

/**
 * Somebody who follows docs/first-production.md, with machines of a lab under the addresses of the page: a home of their
 * own with an SSH key in an agent, a clone of the app in `shop`, and the configuration in `production`.
 */
export class TypedPage {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'fairway-page-')));
  readonly shop = join(this.folder, 'shop');
  readonly production = join(this.folder, 'production');
  readonly #text = readFileSync(join(root, 'docs/first-production.md'), 'utf8');
  readonly #lab: Lab;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #agent: ChildProcess;

  private constructor(lab: Lab) {
    this.#lab = lab;
    const [home, bin] = [join(this.folder, 'home'), join(this.folder, 'bin')];
    for (const folder of [join(home, '.ssh'), bin, this.production]) mkdirSync(folder, { recursive: true });
    cpSync(lab.knownHostsFile, join(home, '.ssh/known_hosts'));
    cpSync(`${lab.privateKeyFile}.pub`, join(home, '.ssh/id_ed25519.pub'));
    symlinkSync(join(root, 'packages/fairway/bin/fairway.js'), join(bin, 'fairway'));
    // OpenSSH asks the system for the home, not the environment; what Fairway and Ansible start says it all itself.
    const own = `-F none -o UserKnownHostsFile=${join(home, '.ssh/known_hosts')}`;
    writeFileSync(
      join(bin, 'ssh'),
      `#!/bin/sh\ncase "$*" in *UserKnownHostsFile*) exec /usr/bin/ssh "$@" ;; *) exec /usr/bin/ssh ${own} "$@" ;; esac\n`,
      { mode: 0o755 },
    );
    cpSync(join(root, 'examples/hello'), this.shop, { recursive: true });
    const agent = join(this.folder, 'agent');
    this.#agent = spawn('ssh-agent', ['-D', '-a', agent], { stdio: 'ignore' });
    this.#environment = {
      ...process.env,
      PATH: [bin, process.env.PATH].join(delimiter),
      HOME: home,
      USER: 'anna',
      SSH_AUTH_SOCK: agent,
      NO_COLOR: '1',
      // Packages come as on this machine, whoever's home it is.
      npm_config_userconfig: process.env.npm_config_userconfig ?? join(homedir(), '.npmrc'),
      npm_config_cache: process.env.npm_config_cache ?? join(homedir(), '.npm'),
    };
  }

  /** With the page's `fairway.yml`, changed by `rest` at its end. */
  static async open(lab: Lab, rest = ''): Promise<TypedPage> {
    const page = new TypedPage(lab);
    await waitUntil('the agent', async () => {
      const added = await execa('ssh-add', [lab.privateKeyFile], { env: page.#environment, reject: false });
      return added.exitCode === 0;
    });
    const [config = ''] = page.blocks('Describe it', 'yaml');
    page.configure(() => page.placed(config) + rest);
    await page.type('git init --quiet && git add . && git commit --quiet -m "Open the shop"', page.shop);
    return page;
  }

  async close(): Promise<void> {
    await this.type('fairway down --yes').catch(() => undefined);
    this.#agent.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Edits `fairway.yml`. */
  configure(edit: (text: string) => string): void {
    const file = join(this.production, 'fairway.yml');
    writeFileSync(file, edit(existsSync(file) ? readFileSync(file, 'utf8') : ''));
  }

  /** The code blocks of a section, in their order. */
  blocks(section: string, language: 'sh' | 'yaml'): string[] {
    const [, after = ''] = this.#text.split(`## ${section}\n`);
    const [body = ''] = after.split('\n## ');
    return [...body.matchAll(/```(\w+)\n(.*?)```/gs)]
      .filter(([, written]) => written === language)
      .map(([, , text]) => text!);
  }

  /** What the page tells the reader to type there. */
  lines(section: string): string[] {
    return this.blocks(section, 'sh').flatMap((block) => block.trim().split('\n'));
  }

  /** Types a line into a shell, with the lab's addresses; answers with all that it printed, and rejects when it fails. */
  async type(line: string, cwd = this.production): Promise<string> {
    const person = ['-c user.name=Anna', '-c user.email=anna@example.org'].join(' ');
    const { all } = await execa(
      'sh',
      ['-c', this.placed(line).replaceAll('git commit', `git ${person} commit`)],
      {
        cwd,
        env: this.#environment,
        extendEnv: false,
        all: true,
        ...(line.startsWith('fairway secrets set') && { input: SECRET }),
      },
    );
    return all;
  }

  /** A text of the page, with the addresses of the lab. */
  placed(text: string): string {
    const addressOf = (name: string) => this.#lab.hosts.find((host) => host.name === name)?.address ?? '';
    const [network, first] = [/^.*\./.exec(addressOf('box1'))![0], addressOf('box1').split('.').at(-1)];
    return text
      .replaceAll('10.0.0.[21-22]', `${network}[${first}-${Number(first) + 1}]`)
      .replaceAll('10.0.0.10', addressOf('lb1'))
      .replaceAll('10.0.0.21', addressOf('box1'))
      .replaceAll('10.0.0.22', addressOf('box2'))
      .replaceAll('10.0.0.9', addressOf('ctl'));
  }
}
