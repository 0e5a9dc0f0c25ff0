import { basename, resolve } from 'node:path';
import { checkApp } from './check-app.ts';
import { checkProduction } from './check-production.ts';
import { checkSecrets } from './check-secrets.ts';
import { commandVariables, isSecretOf } from './command-variables.ts';
import { addressesOf, type ExpandedHosts, readHosts } from './expand-hosts.ts';
import { type Finding, renderPath, touches, unfit } from './finding.ts';
import { type Placement, placeInstances } from './place-instances.ts';
import { ConfigProblems, type Problem } from './problem.ts';
import type { Production } from './production.ts';
import { resolveReferences } from './references.ts';
import { resolveApp } from './resolve-app.ts';
import { resolveProduction } from './resolve-production.ts';
import { type ProductionSection, productionSchema } from './schema/production-schema.ts';
import { phraseFor, schemaFindings } from './schema/schema-findings.ts';
import type { FileSurroundings } from './surroundings.ts';
import { readWithoutBroken } from './without-broken.ts';
import { type Path, readYamlTree, type YamlTree } from './yaml-tree.ts';

/**
 * The production that the text of a `fairway.yml` describes. `file` is how problems name it; relative paths in the
 * text are relative to its folder.
 *
 * @throws ConfigProblems with everything that is wrong, and nothing else
 */
export function parseProduction(
  text: string,
  file: string,
  surroundings: FileSurroundings = { machines: {} },
): Production {
  const tree = readYamlTree(text, { asWritten: isKeptAsWritten });
  if (!tree.readable) throw new ConfigProblems(treeProblems(tree, file));
  const { production, findings } = interpret(tree.value, resolve(file), basename(file), surroundings);
  const unread = tree.problems.map((problem) => problem.path).filter((path) => path.length > 0);
  // What could not be read is not also missing.
  const own = findings.filter((found) => !unread.some((path) => touches(path, found.path)));
  const problems = [...treeProblems(tree, file), ...own.map((found) => locate(found, tree, file))];
  if (problems.length > 0 || production === undefined) throw new ConfigProblems(problems);
  return production;
}

// Where YAML would read a number, and `1.10` become 1.1.
function isKeptAsWritten(path: Path): boolean {
  if (path[0] !== 'apps') return false;
  return (path.length === 4 && path[2] === 'env') || (path[2] === 'runtime' && path[3] === 'version');
}

interface Interpretation {
  /** Undefined when there is a finding. */
  readonly production?: Production;
  readonly findings: readonly Finding[];
}

function interpret(
  document: unknown,
  file: string,
  fileName: string,
  surroundings: FileSurroundings,
): Interpretation {
  if (document === null || document === undefined) {
    const suggestion = `Run "fairway init" in your app's folder for a ${fileName} to begin with.`;
    return { findings: [unfit([], undefined, 'at least the key apps', suggestion)] };
  }
  const hosts = readHosts(document, surroundings.machines);
  const references = resolveReferences(document, {
    addresses: addressesOf(hosts.hosts),
    complete: hosts.complete,
    variablesAt: (path) => commandVariables(document, path),
    isSecretAt: (path, name) => isSecretOf(document, path, name),
  });
  const parsed = productionSchema.safeParse(references.value, { error: phraseFor });
  const findings = [
    ...hosts.findings,
    ...references.findings,
    ...(parsed.success ? [] : schemaFindings(parsed.error.issues, references.value)),
  ];
  const broken = findings.map((found) => found.path);
  const section = parsed.data ?? readWithoutBroken(productionSchema, references.value, broken);
  if (section === undefined) return { findings };

  const isBroken = (path: Path) => broken.some((one) => touches(one, path));
  const placements = placeApps(section, hosts, isBroken);
  findings.push(...checkTogether(section, placements, surroundings, isBroken));
  if (findings.length > 0) return { findings };

  const apps = Object.entries(section.apps).map(([app, written]) =>
    resolveApp(app, written, {
      instances: placements.get(app)?.instances ?? [],
      file,
      secretRevision: (name) => surroundings.secretRevision?.(section.name, app, name),
    }),
  );
  return { production: resolveProduction(section, hosts.hosts, apps, file), findings };
}

type IsBroken = (path: Path) => boolean;

function placeApps(
  section: ProductionSection,
  hosts: ExpandedHosts,
  isBroken: IsBroken,
): ReadonlyMap<string, Placement> {
  const placements = new Map<string, Placement>();
  for (const [name, app] of Object.entries(section.apps)) {
    const path = ['apps', name, 'instances'];
    const onHosts = app.instances !== undefined && typeof app.instances !== 'number';
    if (isBroken(path) || (onHosts && !hosts.complete)) continue;
    placements.set(
      name,
      placeInstances(app.instances, { provider: section.provider, hosts: hosts.hosts, path }),
    );
  }
  return placements;
}

function checkTogether(
  section: ProductionSection,
  placements: ReadonlyMap<string, Placement>,
  surroundings: FileSurroundings,
  isBroken: IsBroken,
): readonly Finding[] {
  const counts = new Map([...placements].map(([name, { instances }]) => [name, instances.length]));
  const together = [
    ...Object.entries(section.apps).flatMap(([name, app]) =>
      checkApp(app, counts.get(name) ?? 0, ['apps', name]),
    ),
    ...checkProduction(section, counts),
    ...checkSecrets(section, surroundings),
  ];
  const placing = [...placements.values()].flatMap((placement) => placement.findings);
  return [...placing, ...together.filter(({ uses }) => !uses.some(isBroken)).map((one) => one.finding)];
}

function treeProblems(tree: YamlTree, file: string): readonly Problem[] {
  return tree.problems.map(({ path, position, message, suggestion }) => ({
    file,
    ...position,
    path: renderPath(path),
    message,
    ...(suggestion !== undefined && { suggestion }),
  }));
}

function locate(found: Finding, tree: YamlTree, file: string): Problem {
  const { message, suggestion } = found;
  const position = tree.locate(found.path, found.at);
  return {
    file,
    ...position,
    path: renderPath(found.path),
    message,
    ...(suggestion !== undefined && { suggestion }),
  };
}
