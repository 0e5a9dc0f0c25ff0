const SHORTEST_LINE = 8;

/** Replaces the values that it knows in text that is about to be shown or kept. */
export class Redactor {
  /** What stands in the text instead, by what is to be hidden; longest first. */
  #hidden: readonly (readonly [text: string, shown: string])[] = [];

  /** `name`: what is shown instead of the value, in brackets. */
  add(name: string, value: string): void {
    const known = new Map(this.#hidden);
    for (const form of formsOf(value)) known.set(form, `[${name}]`);
    this.#hidden = [...known].sort(([one], [other]) => other.length - one.length);
  }

  readonly redact = (text: string): string => {
    let redacted = text;
    for (const [hidden, shown] of this.#hidden) {
      if (redacted.includes(hidden)) redacted = redacted.replaceAll(hidden, () => shown);
    }
    return redacted;
  };
}

/** A value as it is, as it stands in JSON and in a URL, and, as logs are read by the line, each of its longer lines. */
function formsOf(value: string): readonly string[] {
  const lines = value.split(/\r?\n/).filter((line) => line.trim().length >= SHORTEST_LINE);
  const plain = value.includes('\n') ? [value, value.trimEnd(), ...lines] : [value];
  const forms = plain.flatMap((form) => [form, JSON.stringify(form).slice(1, -1), encodeURIComponent(form)]);
  return [...new Set(forms)];
}
