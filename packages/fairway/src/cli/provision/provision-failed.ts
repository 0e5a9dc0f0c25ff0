import type { HostProgress } from '../../provision/progress.ts';
import type { PlaybookEnd } from '../../provision/run-playbook.ts';

/** Some hosts are not set up. Their failures were shown already. */
export class ProvisionFailed extends Error {
  override readonly name = 'ProvisionFailed';
  readonly code = 'provision-failed';
  readonly hint: string;
  constructor(failed: readonly HostProgress[], total: number, { said, logFile, exitCode }: PlaybookEnd) {
    const names = failed.map(({ name }) => name);
    super(
      failed.length > 0
        ? `${failed.length} of ${total} hosts could not be set up: ${names.join(', ')}`
        : [`Ansible ended with exit code ${exitCode} before it had done everything`, ...said].join('\n'),
    );
    const limit = names.length < total ? ` --limit ${names.join(' ')}` : '';
    this.hint = `mend that, then: fairway provision${failed.length > 0 ? limit : ''}\nAll that Ansible said: ${logFile}`;
  }
}
