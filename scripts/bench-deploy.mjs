// npm run bench:deploy [-- OPTION…]; as root on Debian, whose packages it installs. The options are in its main.ts.
import { join } from 'node:path';
import { installDebianPackages, LAB_PACKAGES } from './debian.mjs';
import { build, installPackages, root, run } from './workspace.mjs';

installDebianPackages([...LAB_PACKAGES, 'capistrano']);
installPackages();
build();
run(process.execPath, [join(root, 'packages/demo/dist/bench-deploy/main.js'), ...process.argv.slice(2)]);
