import { checkCanary } from './check-canary.ts';
import { type Finding, finding, unfit } from './finding.ts';
import { longestWaitMs, resolvePace } from './resolve-app.ts';
import type { AppSection } from './schema/app-schema.ts';
import { formatDuration } from './units.ts';
import type { Path } from './yaml-tree.ts';

/** A finding that holds only if these parts of the app's section were fine by themselves. */
export interface CrossFinding {
  readonly finding: Finding;
  readonly uses: readonly Path[];
}

/** What only shows when an app's keys are seen together. `at` is where the app stands. */
export function checkApp(section: AppSection, instances: number, at: Path): readonly CrossFinding[] {
  return [
    ...checkRuntime(section, at),
    ...checkHealth(section, at),
    ...checkVariables(section, at),
    ...checkSecrets(section, at),
    ...checkPace(section, instances, at),
    ...checkStall(section, at),
    ...checkCanary(section, instances, at),
    ...checkRepeats(section.route.hosts, [...at, 'route', 'hosts']),
    ...checkRepeats(section.route.paths, [...at, 'route', 'paths']),
  ];
}

function checkRuntime(section: AppSection, at: Path): readonly CrossFinding[] {
  const runtime = typeof section.runtime === 'string' ? { type: section.runtime } : section.runtime;
  const runtimePath = [...at, 'runtime'];
  const startPath = [...at, 'start'];
  const found: CrossFinding[] = [];
  if (runtime.type === 'command' && section.start === undefined) {
    const expected = 'a command, as runtime command starts nothing by itself';
    found.push({ finding: unfit(startPath, undefined, expected), uses: [runtimePath, startPath] });
  }
  if (runtime.type === 'static' && section.start !== undefined) {
    const message = 'found a command, expected none: runtime static serves the files itself';
    found.push({
      finding: finding(startPath, 'value', message, 'Use runtime command or node for a server of your own.'),
      uses: [runtimePath],
    });
  }
  if (runtime.type !== 'node' && 'version' in runtime && runtime.version !== undefined) {
    const message = `found a version, expected none: runtime ${runtime.type} uses no Node`;
    found.push({ finding: finding([...runtimePath, 'version'], 'value', message), uses: [runtimePath] });
  }
  return found;
}

function checkHealth({ health }: AppSection, at: Path): readonly CrossFinding[] {
  const shortest = health.interval * health.rise;
  if (health.start_timeout >= shortest) return [];
  const path = [...at, 'health', 'start_timeout'];
  const found = formatDuration(health.start_timeout);
  const checks = `${health.rise} checks, one each ${formatDuration(health.interval)}`;
  const message = `found ${found}, expected at least ${formatDuration(shortest)} (${checks})`;
  return [
    {
      finding: finding(path, 'value', message),
      uses: [path, [...at, 'health', 'interval'], [...at, 'health', 'rise']],
    },
  ];
}

function checkVariables(section: AppSection, at: Path): readonly CrossFinding[] {
  const found: CrossFinding[] = [];
  for (const name of Object.keys(section.env)) {
    const path = [...at, 'env', name];
    if (name === section.port_env) {
      const message = 'found the variable of the port, expected none: each instance is given its own';
      const suggestion = 'Name another variable in port_env, or leave this out.';
      found.push({ finding: finding(path, 'key', message, suggestion), uses: [path, [...at, 'port_env']] });
    } else if (name.startsWith('FAIRWAY_')) {
      const message = 'found a variable that Fairway sets itself, expected another name';
      found.push({ finding: finding(path, 'key', message), uses: [path] });
    }
  }
  return found;
}

function checkSecrets({ secrets, env, port_env: port }: AppSection, at: Path): readonly CrossFinding[] {
  const path = [...at, 'secrets'];
  const uses = [path, [...at, 'env'], [...at, 'port_env']];
  const found = secrets.flatMap((name, index): readonly CrossFinding[] => {
    const message = problemOf(name);
    return message === undefined ? [] : [{ finding: finding([...path, index], 'value', message), uses }];
  });
  return [...found, ...checkRepeats(secrets, path)];

  function problemOf(name: string): string | undefined {
    if (Object.hasOwn(env, name)) return `found ${name}, which env sets too, expected it in one of them`;
    if (name === port) return `found ${name}, the variable of the port, expected another name`;
    if (name.startsWith('FAIRWAY_')) return `found ${name}, which Fairway sets itself, expected another name`;
    return undefined;
  }
}

function checkPace(section: AppSection, instances: number, at: Path): readonly CrossFinding[] {
  if (instances === 0) return [];
  const { maxUnavailable, surge } = resolvePace(section.deploy, instances);
  const unavailablePath = [...at, 'deploy', 'max_unavailable'];
  const surgePath = [...at, 'deploy', 'surge'];
  const uses = [unavailablePath, surgePath, [...at, 'instances']];
  const shown = `${instances} instance${instances === 1 ? '' : 's'}`;
  if (maxUnavailable === 0 && surge === 0) {
    const message = 'found 0 with surge 0, expected one of them above 0: no instance could ever be replaced';
    return [{ finding: finding(unavailablePath, 'value', message), uses }];
  }
  const found: CrossFinding[] = [];
  if (maxUnavailable > instances || (maxUnavailable === instances && instances > 1)) {
    const message = `found ${maxUnavailable} for ${shown}, expected fewer: none would be left to serve`;
    found.push({ finding: finding(unavailablePath, 'value', message), uses });
  }
  if (surge > instances) {
    const message = `found ${surge} for ${shown}, expected at most ${instances}: each has one place beside it`;
    found.push({ finding: finding(surgePath, 'value', message, 'Write surge: all.'), uses });
  }
  return found;
}

function checkStall(section: AppSection, at: Path): readonly CrossFinding[] {
  const { stall_timeout: stall } = section.deploy;
  const longest = longestWaitMs(section);
  if (stall === undefined || stall >= longest) return [];
  const deployPath = [...at, 'deploy'];
  const path = [...deployPath, 'stall_timeout'];
  const message =
    `found ${formatDuration(stall)}, expected at least ${formatDuration(longest)}, ` +
    'the longest single wait (start_timeout, soak, or drain_timeout and stop_timeout)';
  const waits = ['soak', 'drain_timeout', 'stop_timeout'].map((key) => [...deployPath, key]);
  return [
    { finding: finding(path, 'value', message), uses: [path, ...waits, [...at, 'health', 'start_timeout']] },
  ];
}

function checkRepeats(values: readonly string[], path: Path): readonly CrossFinding[] {
  return values.flatMap((value, index) =>
    values.indexOf(value) === index
      ? []
      : [{ finding: unfit([...path, index], value, 'each once'), uses: [path] }],
  );
}
