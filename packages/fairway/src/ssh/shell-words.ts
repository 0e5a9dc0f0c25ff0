const PLAIN = /^[\w@%+:,./-]+$/;

/**
 * A command line that a POSIX shell splits into exactly these words again. sshd hands what it is given to the login
 * shell of the user, so this is the one place where words become shell text.
 */
export function shellWords(words: readonly string[]): string {
  if (words.length === 0) throw new Error('a command has at least one word');
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  if (word.includes('\0'))
    throw new Error(`a word of a command holds a NUL character: ${JSON.stringify(word)}`);
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
