let onInterruption: () => void = () => process.exit(130);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => onInterruption());

/**
 * Resolves when this process is told to end, by Ctrl-C for example; from the first call on that does not end it by itself
 * any more, so that there is time to clean up. What waits last is told: a tour, or the look around after it.
 */
export function interruption(): Promise<undefined> {
  return new Promise((resolve) => {
    onInterruption = () => resolve(undefined);
  });
}
