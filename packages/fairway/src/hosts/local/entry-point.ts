import { existsSync } from 'node:fs';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Absolute path of a program of ours that `node` can run, given relative to `src/` without its ending, such as
 * `hosts/local/supervisor/main`. Called from TypeScript sources (tests do that), it names the compiled file in `dist/`.
 */
export function entryPoint(program: string): string {
  const here = fileURLToPath(new URL(`../../${program}.js`, import.meta.url));
  const compiled = import.meta.url.endsWith('.ts')
    ? here.replace(`${sep}src${sep}`, `${sep}dist${sep}`)
    : here;
  if (!existsSync(compiled)) throw new Error(`${compiled} is missing; run \`npm run build\` first`);
  return compiled;
}
