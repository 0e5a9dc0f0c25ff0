// npm run demo:production [-- --exit] [-- --json FILE]; as root on Debian, whose packages it installs.
import { join } from 'node:path';
import { installDebianPackages, LAB_PACKAGES } from './debian.mjs';
import { build, installPackages, root, run } from './workspace.mjs';

installDebianPackages(LAB_PACKAGES);
installPackages();
build();
run(process.execPath, [join(root, 'packages/demo/dist/production/main.js'), ...process.argv.slice(2)]);
