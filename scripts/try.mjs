// npm run try -- REPOSITORY [OPTION…]: an unprepared app's first deploy, update and rollback on this machine, with visitors.
import { join } from 'node:path';
import { build, installPackages, root, run } from './workspace.mjs';

installPackages();
build();
run(process.execPath, [join(root, 'packages/demo/dist/try/main.js'), ...process.argv.slice(2)]);
