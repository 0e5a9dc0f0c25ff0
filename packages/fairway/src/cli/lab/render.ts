import { formatDuration } from '../../config/units.ts';
import type { Lab, LabStatus } from '../../lab/lab.ts';
import type { Cut, SlowNetwork } from '../../lab/record.ts';
import type { Style } from '../output/style.ts';
import { renderTable } from '../output/table.ts';

type Rendered = Pick<LabStatus, 'name' | 'subnet' | 'machineAddress' | 'hosts'> & Partial<LabStatus>;

export function renderLab(lab: Rendered, style: Style): string[] {
  const { paint } = style;
  const table = renderTable(
    [{ title: 'MACHINE' }, { title: 'ADDRESS' }, { title: 'POWER' }],
    lab.hosts.map(({ name, address, isOn }) => [
      { text: name },
      { text: address },
      { text: isOn ? 'on' : 'off', paint: isOn ? paint.green : paint.red },
    ]),
    style,
  );
  const cuts = (lab.faults?.cuts ?? []).map(cutLine);
  const slow = Object.entries(lab.faults?.slow ?? {}).map(([host, how]) => slowLine(host, how));
  const head = `Lab ${paint.bold(lab.name)}, ${lab.subnet}; this machine is ${lab.machineAddress}`;
  return [head, '', ...table, ...[...cuts, ...slow].map((line) => paint.yellow(line))];
}

export function renderLabs(labs: readonly Lab[], style: Style): string[] {
  return renderTable(
    [{ title: 'LAB' }, { title: 'NETWORK' }, { title: 'MACHINES', flexible: true }],
    labs.map(({ name, subnet, hosts }) => [
      { text: name },
      { text: subnet },
      { text: hosts.map((host) => host.name).join(', ') },
    ]),
    style,
  );
}

export function cutLine({ host, from }: Cut): string {
  switch (from.kind) {
    case 'all':
      return `${host} is cut from everything.`;
    case 'machine':
      return `${host} is cut from this machine.`;
    case 'host':
      return `${host} is cut from ${from.host}.`;
  }
}

export function slowLine(host: string, { delayMs, lossBasisPoints }: SlowNetwork): string {
  const parts = [
    ...(delayMs > 0 ? [`take ${formatDuration(delayMs)} longer`] : []),
    ...(lossBasisPoints > 0 ? [`are lost by ${lossBasisPoints / 100} %`] : []),
  ];
  return `Packets to ${host} ${parts.join(' and ')}.`;
}
