import type { Check, Patient } from './check.ts';
import { type Finding, failure, type Observation } from './finding.ts';
import type { Machine } from './machine.ts';

/** Runs the checks that concern a machine, all at once, and no longer than the deadline. */
export async function examineMachine(
  machine: Machine,
  checks: readonly Check[],
  patient: Patient,
  deadlineMs: number,
): Promise<readonly Finding[]> {
  const late = timeout(
    deadlineMs,
    failure(`took longer than ${deadlineMs / 1000} s`, 'See whether the machine is overloaded or hangs'),
  );
  const found = await Promise.all(
    checks
      .filter((check) => check.concerns(machine))
      .map(async (check) => {
        const observations = await Promise.race([observe(check, machine, patient), late.answer]);
        return observations.map((one): Finding => ({ machine: machine.name, check: check.name, ...one }));
      }),
  );
  late.cancel();
  return found.flat();
}

async function observe(check: Check, machine: Machine, patient: Patient): Promise<readonly Observation[]> {
  try {
    return await check.examine(machine, patient);
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string };
    return [failure(`could not be looked at: ${message}`, hint ?? 'Look at the machine yourself')];
  }
}

function timeout(deadlineMs: number, observation: Observation) {
  let timer: NodeJS.Timeout | undefined;
  const answer = new Promise<readonly Observation[]>((resolve) => {
    timer = setTimeout(resolve, deadlineMs, [observation]);
  });
  return { answer, cancel: () => clearTimeout(timer) };
}
