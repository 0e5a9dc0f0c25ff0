#!/usr/bin/env node
// Plain, old JavaScript up to the import: a Node that is too old must get as far as the sentence that says so.
var version = process.versions.node.split('.').map(Number);
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  console.error(
    'Error: Fairway needs Node.js 20.19 or newer; this is ' + process.version + ' (' + process.execPath + ')',
  );
  console.error('Next: install a newer one from https://nodejs.org, or put it first on PATH');
  process.exit(2);
}

import('../dist/cli/main.js').then(
  (cli) => cli.main(),
  (error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error('Error: Fairway is not built: ' + error.message.split(' imported from')[0]);
    console.error('Next: npm install && npm run build, in the folder of its sources');
    process.exit(2);
  },
);
