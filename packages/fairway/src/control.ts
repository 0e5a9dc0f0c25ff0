import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { chooseAdapters } from './adapters.ts';
import { build } from './build/builder.ts';
import { productionToStartWith, rememberProduction } from './config/last-good.ts';
import { readProduction } from './config/read.ts';
import { commitsIn } from './machinery/commits.ts';
import { type Machinery, RestartNeeded } from './machinery/machinery.ts';
import { refuseOtherMachines } from './machinery/other-machines.ts';
import { crasher, parseCrashPoint } from './runner/crash-point.ts';
import { FairwayController } from './runner/fairway-controller.ts';
import { Journal } from './runner/journal.ts';
import { configOf } from './runner/plan-rollout.ts';
import { rangeOf } from './runner/port.ts';
import { keyFilePath } from './secrets/key-file.ts';
import { redactingBuild } from './secrets/redacting-build.ts';
import { redactingHosts } from './secrets/redacting-hosts.ts';
import { Redactor } from './secrets/redactor.ts';
import { SecretVault } from './secrets/vault.ts';
import { startServer } from './server/serve.ts';
import { lockState, type StateLock } from './store/sqlite/lock.ts';
import { openSqliteStore } from './store/sqlite/sqlite.ts';
import type { Store } from './store/store.ts';

export interface ControlPlace {
  /** Absolute path of `fairway.yml`. */
  readonly configFile: string;
  /** Absolute path of the state directory; made if it is not there. */
  readonly stateDirectory: string;
  readonly log: Logger;
}

/**
 * The control server, put together: state locked, machinery running, unfinished rollouts taken up, API open. Throws the
 * errors of its parts, ConfigProblems and StateLocked among them, with nothing of its own left running.
 */
export async function startControl(place: ControlPlace): Promise<{ url: string; close(): Promise<void> }> {
  const { configFile, stateDirectory, log } = place;
  const { production, problems } = await productionToStartWith(configFile, stateDirectory);
  if (problems) log.warn({ problems: problems.message }, 'fairway.yml has problems: going on as before');
  const lock = lockState(stateDirectory);
  const store = openStore(stateDirectory, lock);
  const directories = {
    artifacts: join(stateDirectory, 'artifacts'),
    cache: join(stateDirectory, 'cache'),
    work: join(stateDirectory, 'work'),
  };
  let abandon: Machinery['abandon'] = async () => undefined;
  const closeStore = (): void => {
    store.close();
    lock.release();
  };
  try {
    await refuseOtherMachines(production, stateDirectory, store);
    await rememberProduction(production, stateDirectory);
    const redactor = new Redactor();
    const keyFile = keyFilePath(production.name, process.env);
    const secrets = new SecretVault({ stateDirectory, keyFile, redactor });
    await openStanding(secrets, store, log);
    const machinery = await chooseAdapters(production, stateDirectory);
    abandon = machinery.abandon;
    const hosts = redactingHosts(machinery.hosts, redactor.redact);
    const commits = commitsIn(stateDirectory);
    for (const app of production.apps) await commits.repository(app);
    const controller = new FairwayController({
      world: { ...machinery, store, hosts, secrets, ports: rangeOf(production.ports, stateDirectory) },
      secrets,
      journal: new Journal(store),
      commits,
      readProduction: async () => {
        const read = await readProduction(configFile, stateDirectory);
        if (read.provider !== production.provider) throw new RestartNeeded('the provider has changed');
        await machinery.follow(read);
        return read;
      },
      build: redactingBuild((request) => build({ ...request, directories }), redactor.redact),
      restartBalancer: machinery.restartBalancer,
      balancerUrl: machinery.balancerUrl,
      holder: `${process.pid}-${randomUUID()}`,
      crash: crasher(parseCrashPoint(process.env.FAIRWAY_CRASH), () => process.kill(process.pid, 'SIGKILL')),
      onError: (error) => log.error({ err: error }, 'a rollout met an error that should not be'),
      now: Date.now,
    });
    const { listen } = production.control;
    const server = await startServer({
      controller,
      store,
      metrics: machinery.balancer,
      listen,
      stateDirectory,
      log,
    });
    controller.recover();
    return {
      url: server.url,
      close: async () => {
        await server.close();
        await controller.close();
        await machinery.close();
        closeStore();
      },
    };
  } catch (error) {
    await abandon().catch((reason: unknown) => log.warn({ err: reason }, 'what was started may still run'));
    closeStore();
    throw error;
  }
}

/** What runs may print its secrets at any time, so they are known from the start. What runs goes on without them. */
async function openStanding(secrets: SecretVault, store: Store, log: Logger): Promise<void> {
  for (const app of store.apps()) {
    const [standing] = store.standings(app);
    const config = standing && configOf(store, standing);
    try {
      if (config) await secrets.valuesOf(config);
    } catch (error) {
      log.warn(
        { app, reason: (error as Error).message },
        'secrets cannot be opened: deploys will be refused',
      );
    }
  }
}

function openStore(stateDirectory: string, lock: StateLock): Store {
  try {
    return openSqliteStore(join(stateDirectory, 'fairway.db'));
  } catch (error) {
    lock.release();
    throw error;
  }
}
