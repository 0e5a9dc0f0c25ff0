import { readFile, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { ControlServer, fairway } from '../demo/control.ts';
import { FAIRWAY, type Workspace } from '../demo/workspace.ts';

/** A machine of the lab. */
export interface LabMachine {
  readonly name: string;
  readonly address: string;
}

/** What `fairway lab up --json` tells. */
export interface LabFacts {
  readonly name: string;
  readonly machineAddress: string;
  readonly hosts: readonly LabMachine[];
  readonly privateKeyFile: string;
  readonly knownHostsFile: string;
  readonly sshConfigFile: string;
}

export interface Provisioned {
  readonly seconds: number;
  readonly changed: number;
}

/** A production on real machines that this one plays: brought up, set up and taken down by the commands that a team types. */
export class LabProduction {
  readonly workspace: Workspace;
  readonly #show: (line: string) => void;
  #lab: LabFacts | undefined;
  #control: ControlServer | undefined;

  constructor(workspace: Workspace, show: (line: string) => void = () => undefined) {
    this.workspace = workspace;
    this.#show = show;
  }

  get lab(): LabFacts {
    if (!this.#lab) throw new Error('the lab is not up');
    return this.#lab;
  }

  get control(): ControlServer {
    if (!this.#control) throw new Error('the control server does not run');
    return this.#control;
  }

  machine(name: string): LabMachine {
    const machine = this.lab.hosts.find((host) => host.name === name);
    if (!machine) throw new Error(`the lab has no machine ${name}`);
    return machine;
  }

  /** Seconds until SSH works on every machine. */
  async bringUp(): Promise<number> {
    const startedAt = performance.now();
    this.#lab = JSON.parse(await this.#run(['lab', 'up', '--json'])) as LabFacts;
    return Math.round(performance.now() - startedAt) / 1000;
  }

  async provision(): Promise<Provisioned> {
    const told = await this.#run(['provision', '--yes', '--accept-host-keys', '--json']);
    const { seconds, changed } = JSON.parse(told) as Provisioned;
    return { seconds, changed };
  }

  async serve(environment: NodeJS.ProcessEnv = {}): Promise<ControlServer> {
    this.#control = await ControlServer.start(this.workspace, environment);
    return this.#control;
  }

  /** Replaces `fairway.yml`. */
  async configure(config: string): Promise<void> {
    await writeFile(this.workspace.config, config);
  }

  async config(): Promise<string> {
    return readFile(this.workspace.config, 'utf8');
  }

  /** Any `fairway` command of this production; what it prints. */
  async fairway(...command: string[]): Promise<string> {
    return this.#run(command);
  }

  /** Runs a command as root on a machine, by the lab's own key. */
  async on(machine: string, command: readonly string[]): Promise<string> {
    const { stdout } = await execa('ssh', ['-F', this.lab.sshConfigFile, machine, '--', ...command]);
    return stdout;
  }

  /** Ends the control server and takes the lab down; nothing is left. */
  async end(): Promise<void> {
    await this.#control?.stop();
    this.#control = undefined;
    await fairway(this.workspace, ['lab', 'down']);
    this.#lab = undefined;
  }

  async #run(command: readonly string[]): Promise<string> {
    const { config, state } = this.workspace;
    const running = execa(process.execPath, [FAIRWAY, ...command, '--config', config, '--state', state], {
      reject: false,
      env: { NO_COLOR: '1' },
    });
    for await (const line of running.iterable({ from: 'stderr' })) this.#show(line);
    const { exitCode, stdout, stderr } = await running;
    if (exitCode !== 0) throw new Error(`fairway ${command.join(' ')} failed:\n${stdout}\n${stderr}`);
    return stdout;
  }
}
