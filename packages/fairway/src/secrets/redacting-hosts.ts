import type {
  Artifact,
  Hosts,
  Launch,
  LogLine,
  LogQuery,
  RunningCommand,
  SlotProcess,
} from '../hosts/hosts.ts';
import type { SlotAddress } from '../rollout/slot.ts';

/** Hosts whose every word has passed through `redact`: what apps print, how they ended, and errors. */
export function redactingHosts(hosts: Hosts, redact: (text: string) => string): Hosts {
  const careful = async <Answer>(work: Promise<Answer>): Promise<Answer> => {
    try {
      return await work;
    } catch (error) {
      throw redactError(error, redact);
    }
  };
  return {
    install: (host: string, artifact: Artifact, fence: number) =>
      careful(hosts.install(host, artifact, fence)),
    start: (host: string, slot: SlotAddress, launch: Launch, fence: number) =>
      careful(hosts.start(host, slot, launch, fence)),
    stop: (host: string, slot: SlotAddress, fence: number) => careful(hosts.stop(host, slot, fence)),
    prune: (host: string, app: string, keep: readonly string[], fence: number) =>
      careful(hosts.prune(host, app, keep, fence)),
    observe: async (app) =>
      (await careful(hosts.observe(app))).map((process) => withRedactedExit(process, redact)),
    unreachable: () =>
      new Map([...(hosts.unreachable?.() ?? [])].map(([host, reason]) => [host, redact(reason)])),
    watch: (app, signal) => hosts.watch(app, signal),
    async *logs(app: string, query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
      for await (const line of hosts.logs(app, query, signal)) yield { ...line, text: redact(line.text) };
    },
    run(host: string, app: string, launch: Launch, signal: AbortSignal): RunningCommand {
      const { lines, exitCode } = hosts.run(host, app, launch, signal);
      const redacted = careful(exitCode);
      // Whoever reads only the lines must not be ended by a rejection that nobody took.
      redacted.catch(() => undefined);
      return { lines: redactLines(lines, redact), exitCode: redacted };
    },
  };
}

async function* redactLines(
  lines: AsyncIterable<string>,
  redact: (text: string) => string,
): AsyncGenerator<string> {
  for await (const line of lines) yield redact(line);
}

function withRedactedExit(process: SlotProcess, redact: (text: string) => string): SlotProcess {
  const { lastExit } = process;
  return lastExit ? { ...process, lastExit: { ...lastExit, reason: redact(lastExit.reason) } } : process;
}

/** The same error, of the same class, with other words. */
function redactError(error: unknown, redact: (text: string) => string): unknown {
  if (!(error instanceof Error)) return error;
  error.message = redact(error.message);
  if (error.stack !== undefined) error.stack = redact(error.stack);
  return error;
}
