import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { execaSync } from 'execa';

/** Command lines of processes that belong to a folder: named in their arguments or environment, or working in it. */
export function processesOf(folder: string): readonly string[] {
  return existsSync('/proc/self/cmdline') ? fromProc(folder) : fromPs(folder);
}

function fromProc(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const told = ['cmdline', 'environ'].map((file) => read(`/proc/${pid}/${file}`));
      return told.some((text) => text.includes(folder)) ? [told[0]!.replaceAll('\0', ' ')] : [];
    });
}

function fromPs(folder: string): string[] {
  const { stdout } = execaSync('ps', ['-axo', 'command=']);
  return stdout.split('\n').filter((line) => line.includes(folder));
}

/** A process may end, or belong to somebody else, while it is looked at. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
