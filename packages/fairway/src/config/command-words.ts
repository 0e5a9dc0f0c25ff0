import parseArgsStringToArgv from 'string-argv';
import { quote } from './found.ts';

export type CommandWords =
  | { readonly words: readonly string[] }
  | { readonly expected: string; readonly suggestion: string };

/**
 * Splits a command into its program and arguments, as a shell would split them but without one. What only a shell
 * could do is refused rather than handed to the program as text.
 */
export function splitCommand(text: string): CommandWords {
  const unquoted = text.replaceAll(/"[^"]*"|'[^']*'/g, '""');
  if (/["']/.test(unquoted)) {
    return { expected: 'a command whose quotes are closed', suggestion: 'Write a list to be exact.' };
  }
  const operator = /&&|\|\||\$\(|>>|[|<>;&`]/.exec(unquoted)?.[0];
  if (operator !== undefined) {
    return {
      expected: `one program and its arguments: it is run without a shell, so ${quote(operator)} would mean nothing`,
      suggestion: `Write ["sh", "-c", …] where you want a shell.`,
    };
  }
  const variable = /\$[A-Za-z_][A-Za-z0-9_]*/.exec(text)?.[0];
  if (variable !== undefined) {
    return {
      expected: `no shell variable: it is run without a shell, so ${quote(variable)} would stay as it is`,
      suggestion: `Write \${${variable.slice(1)}}.`,
    };
  }
  const words = parseArgsStringToArgv(text);
  if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(words[0] ?? '')) {
    return {
      expected: 'the program first: it is run without a shell',
      suggestion: `Put ${words[0]!.split('=')[0]} under env.`,
    };
  }
  if (words[0] === 'cd') {
    return { expected: 'a program: it is run without a shell', suggestion: 'Use the key directory.' };
  }
  return { words };
}
