/** Long enough for a build queue's lock or a slow disk, short enough for a person to wait. */
export const ANSWER_TIMEOUT_MS = 60_000;
/** After it whoever waits is told so. */
const SILENCE_MS = 5_000;

/** Tells that an answer is long in coming, unless what this gives is called before. */
export function tellOfSilence(
  url: string,
  tell: (message: string) => void,
  silenceMs = SILENCE_MS,
): () => void {
  const timer = setTimeout(() => {
    tell(
      `The control server at ${url} has not answered for ${silenceMs / 1000} s; ` +
        `waiting until ${ANSWER_TIMEOUT_MS / 1000} s have passed. Ctrl-C gives up.`,
    );
  }, silenceMs);
  return () => clearTimeout(timer);
}
