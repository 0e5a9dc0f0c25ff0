// npm run demo [-- --exit] [-- --json FILE]
import { join } from 'node:path';
import { build, installPackages, root, run } from './workspace.mjs';

installPackages();
build();
// Ctrl-C is for the demo, which cleans up; this waits for it.
process.on('SIGINT', () => undefined);
run(process.execPath, [join(root, 'packages/demo/dist/demo/main.js'), ...process.argv.slice(2)]);
