// A process of its own that works on a store, for tests that kill it or race it. Speaks one JSON text per line.
import { createInterface } from 'node:readline';

const [task, path, ...rest] = process.argv.slice(2);
const { openSqliteStore } = await import('../../dist/store/sqlite/sqlite.js');
const { lockState } = await import('../../dist/store/sqlite/lock.js');
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const tasks = {
  /** Takes the leases of apps 1…n once told to start, and says which it got. */
  async race() {
    const store = openSqliteStore(path);
    const [holder, apps] = rest;
    say('ready');
    for await (const _ of createInterface({ input: process.stdin })) break;
    const won = [];
    for (let app = 1; app <= Number(apps); app++) {
      const lease = store.acquireLease(`app${app}`, holder, 60_000);
      if (lease) won.push(lease);
    }
    say(won);
    process.stdin.destroy();
  },
  /** Appends batches of ten for ever; says the last sequence of each batch after append returned. */
  append() {
    const store = openSqliteStore(path);
    const { id } = store.createRollout({ app: 'shop', kind: 'deploy', by: 'a', why: 'b', requestedAt: 1 });
    const { fence } = store.acquireLease('shop', 'worker', 60_000);
    for (let batch = 0; ; batch++) {
      const events = Array.from({ length: 10 }, (_, place) => ({
        type: 'build-output',
        line: `${batch}.${place}`,
      }));
      say(store.append('shop', id, events, fence).at(-1).sequence);
    }
  },
  lock() {
    lockState(path);
    say('locked');
    setInterval(() => {}, 1000);
  },
};
await tasks[task]();
