import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';

interface DoctorOptions {
  readonly json?: boolean;
}

export const verb: Verb = {
  define(command, act) {
    command
      .description(
        'Examine this machine and every host of fairway.yml: SSH, sudo, versions, disk, clock, ports, firewalls, certificates, keys. Says what to do about each finding, and changes nothing. Needs no server. Ends with exit code 1 when something has to be done.',
      )
      .option('--json', 'print the findings as JSON')
      .action(act((context, options: DoctorOptions) => doctor(context, options)));
    examples(
      command,
      ['fairway doctor', 'what is well and what is not'],
      ['fairway doctor --json', 'for a script or a monitor'],
    );
  },
};

async function doctor(context: Context, options: DoctorOptions): Promise<ExitCode> {
  const stateDirectory = context.stateDirectory();
  const { readProductionBeforeSecrets } = await import('../../config/read.ts');
  const { examineAll } = await import('../../doctor/doctor.ts');
  const { deployTarget } = await import('../../machinery/deploy-target.ts');
  const { keyFilePath } = await import('../../secrets/key-file.ts');
  const { renderFindings } = await import('../output/findings.ts');
  const { env, now } = context.surroundings;
  const production = await readProductionBeforeSecrets(context.configFile(), stateDirectory);
  const findings = await examineAll({
    production,
    stateDirectory,
    keyFile: keyFilePath(production.name, env),
    targetOf: (host) => deployTarget(host, stateDirectory),
    now,
  });
  if (options.json) context.printJson({ findings });
  else context.print(...renderFindings(findings, context.style));
  return findings.some(({ status }) => status === 'failure') ? EXIT.failed : EXIT.success;
}
