import type { Command } from 'commander';
import { examplesOf } from './command.ts';

/** `docs/reference/cli.md`, from the command definitions. Their definitions must be loaded. */
export function renderReference(root: Command): string {
  const groups = new Map<string, Command[]>();
  for (const command of visible(root)) {
    const group = command.helpGroup().replace(/:$/, '');
    groups.set(group, [...(groups.get(group) ?? []), command]);
  }
  const parts = [
    '# The command line',
    '_Written by a test from the command definitions; `npx vitest run packages/fairway/src/cli/program.test.ts --update` renews it._',
    root.description(),
    optionTable(root, 'Options of every command'),
    ...EXPLANATIONS,
    ...[...groups].flatMap(([group, commands]) => [
      `## ${group}`,
      ...commands.flatMap((one) => section(one, 3)),
    ]),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const EXPLANATIONS = [
  [
    '| exit code | meaning |',
    '| --- | --- |',
    '| 0 | it worked |',
    '| 1 | it was tried and failed: a deploy failed or was taken back, or the server refused |',
    '| 2 | wrong usage or configuration, nothing was tried |',
    '| 3 | the control server cannot be reached |',
    '| 130 | interrupted with Ctrl-C; what the server was asked for goes on |',
  ].join('\n'),
  '`FAIRWAY_STATE` stands for `--state`, `FAIRWAY_URL` for `--server`; `FAIRWAY_TOKEN` is the token for a server elsewhere. `NO_COLOR` and `FORCE_COLOR` decide about colours, `FAIRWAY_DEBUG=1` shows where an unexpected error comes from.',
];

function section(command: Command, level: number): string[] {
  const name = pathOf(command);
  const heading = `${'#'.repeat(level)} fairway ${name}`;
  const own = command.commands.length > 0 ? '' : `\`\`\`\nfairway ${name} ${command.usage()}\n\`\`\``;
  const shown = command.commands.length > 0 ? '' : exampleBlock(command);
  return [
    heading,
    command.description(),
    own,
    argumentTable(command),
    optionTable(command, 'option'),
    shown,
    ...visible(command).flatMap((inner) => section(inner, level + 1)),
  ];
}

function argumentTable(command: Command): string {
  const rows = command.registeredArguments.map((one) => `| \`${one.name()}\` | ${cell(one.description)} |`);
  return rows.length === 0 ? '' : ['| argument | |', '| --- | --- |', ...rows].join('\n');
}

function optionTable(command: Command, title: string): string {
  const rows = command.options
    .filter((option) => !option.hidden)
    .map((option) => {
      const isWorthSaying = option.defaultValue !== undefined && typeof option.defaultValue !== 'boolean';
      const fallback = isWorthSaying ? ` (default: ${String(option.defaultValue)})` : '';
      return `| \`${cell(option.flags)}\` | ${cell(option.description + fallback)} |`;
    });
  return rows.length === 0 ? '' : [`| ${title} | |`, '| --- | --- |', ...rows].join('\n');
}

function exampleBlock(command: Command): string {
  const lines = examplesOf(command).flatMap(({ line, does }) => [`# ${does}`, line]);
  return ['```sh', ...lines, '```'].join('\n');
}

function visible(command: Command): Command[] {
  const hidden = (one: Command) => (one as unknown as { _hidden?: boolean })._hidden === true;
  return command.commands.filter((one) => !hidden(one));
}

function pathOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name();
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
