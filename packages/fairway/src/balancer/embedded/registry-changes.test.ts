import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpInstance } from '../../../test/support/http-instance.ts';
import { poolDefinition } from '../../../test/support/pool-definition.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';
import * as changes from './changes.ts';
import { Keeper } from './keeper.ts';
import { LiveRegistry } from './live-registry.ts';
import { RegistryChanges } from './registry-changes.ts';
import { RegistryFile } from './registry-file.ts';
import { emptyRegistry, type RegistryState } from './registry-state.ts';

/** A disk that takes as long as a test wants. */
class SlowFile extends RegistryFile {
  held: (() => void)[] | undefined;
  fails = false;
  /** The state is in place, but whether it is there to stay is not known. */
  failsAfterWriting = false;

  override async save(state: RegistryState): Promise<void> {
    if (this.held) await new Promise<void>((resolve) => this.held!.push(resolve));
    if (this.fails) throw new Error('ENOSPC: no space left on device');
    await super.save(state);
    if (this.failsAfterWriting) throw new Error('ENOSPC: no space left on device');
  }

  release(): void {
    const { held } = this;
    this.held = undefined;
    for (const go of held ?? []) go();
  }
}

const app = 'shop';
const fence = 1;
const slot = { app, instance: '1', slot: 'a' } as const;

let directory: string;
let file: SlowFile;
let live: LiveRegistry;
let keeper: Keeper;
let registry: RegistryChanges;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fairway-registry-'));
  file = new SlowFile(directory);
  const log = pino({ level: 'silent' });
  live = new LiveRegistry({
    health: (...found) => keeper.note(changes.health(...found)),
    drained: (drained) => keeper.note(changes.takeOut(drained)),
  });
  keeper = new Keeper(emptyRegistry, file, (state) => live.apply(state), log);
  registry = new RegistryChanges(keeper, live, log);
  await registry.make({
    kind: 'declare',
    fence,
    pool: poolDefinition(app, { health: { intervalMs: 60_000 } }),
  });
});

afterEach(async () => {
  await keeper.freeze();
  live.stop();
  await rm(directory, { recursive: true });
});

const share = () => keeper.state.pools[app]!.share.basisPoints;

const setShare = (basisPoints: number) =>
  registry.make({ kind: 'set-share', fence, app, share: { basisPoints, offset: 0 } });

describe('a share of 0', () => {
  it('is in effect before anything is written', async () => {
    await setShare(500);
    file.held = [];
    const zero = setShare(0);
    expect(share()).toBe(0);
    file.release();
    await zero;
  });

  it('overtakes a raise that waits for the disk, and is not undone by it', async () => {
    await setShare(500);
    file.held = [];
    const raise = setShare(2500);
    await waitUntil('the raise waits for the disk', () => file.held!.length === 1);
    const zero = setShare(0);
    expect(share()).toBe(0);
    file.release();
    await Promise.all([raise, zero]);
    expect(share()).toBe(0);
  });

  it('does not keep a later raise from happening', async () => {
    await setShare(0);
    await setShare(2500);
    expect(share()).toBe(2500);
  });
});

describe('any other change', () => {
  it('is not in effect before it is on the disk', async () => {
    file.held = [];
    const raise = setShare(2500);
    await waitUntil('it waits for the disk', () => file.held!.length === 1);
    expect(share()).toBe(0);
    file.release();
    await raise;
    expect(share()).toBe(2500);
  });

  it('is refused, and changes nothing, when the disk cannot take it', async () => {
    file.fails = true;
    await expect(setShare(2500)).rejects.toThrow('no space left');
    expect(share()).toBe(0);
    file.fails = false;
    await setShare(2500);
    expect(share()).toBe(2500);
  });

  it('keeps what the health checks find while it is being written', async () => {
    const instance = await HttpInstance.start('1');
    const { port } = instance;
    const server = { slot, host: '127.0.0.1', port, side: 'baseline', generation: 'r+c' } as const;
    await registry.make({ kind: 'register', fence, server });
    file.held = [];
    const raise = setShare(2500);
    await waitUntil('it is healthy', () => keeper.state.pools[app]!.servers['shop/1/a']?.healthy);
    file.release();
    await raise;
    expect(keeper.state.pools[app]).toMatchObject({
      share: { basisPoints: 2500 },
      servers: { 'shop/1/a': { healthy: true } },
    });
    await instance.close();
  });
});

describe('the disk and what is in effect are the same', () => {
  const saved = async () =>
    JSON.parse(await readFile(join(directory, 'registry.json'), 'utf8')) as RegistryState;

  async function registerHealthy(): Promise<void> {
    const server = { slot, host: '127.0.0.1', port: 9, side: 'baseline', generation: 'r+c' } as const;
    await registry.make({ kind: 'register', fence, server });
    await waitUntil(
      'the first check has failed',
      () => keeper.state.pools[app]!.servers['shop/1/a']?.lastFailure,
    );
    keeper.note(changes.health(slot, true, undefined));
    await waitUntil('that is saved', async () => (await saved()).pools[app]!.servers['shop/1/a']!.healthy);
  }

  it('after a change that was overtaken, while it was written, by what makes it impossible', async () => {
    await registerHealthy();
    file.held = [];
    const admitted = keeper.change(app, fence, changes.admit(slot));
    await waitUntil('it waits for the disk', () => file.held!.length === 1);
    keeper.note(changes.health(slot, false, 'connection refused'));
    file.release();
    await expect(admitted).rejects.toMatchObject({ refusal: { code: 'not-healthy' } });
    expect(keeper.state.pools[app]!.servers['shop/1/a']!.state).toBe('out');
    expect(await saved()).toEqual(keeper.state);
  });

  it('after a change that a fence of somebody else has overtaken', async () => {
    file.held = [];
    const raise = setShare(2500);
    await waitUntil('it waits for the disk', () => file.held!.length === 1);
    const zero = registry.make({ kind: 'set-share', fence: 9, app, share: { basisPoints: 0, offset: 0 } });
    file.release();
    await expect(raise).rejects.toMatchObject({ refusal: { code: 'stale-fence' } });
    await zero;
    expect(await saved()).toEqual(keeper.state);
  });

  it('when a change is acknowledged that met others on its way to the disk', async () => {
    await registerHealthy();
    file.held = [];
    const other = keeper.change(app, fence, changes.setShare(app, { basisPoints: 2500, offset: 7 }));
    await waitUntil('it waits for the disk', () => file.held!.length === 1);
    keeper.note(changes.health(slot, false, 'connection refused'));
    file.release();
    await other;
    expect(keeper.state.pools[app]).toMatchObject({ share: { basisPoints: 2500 } });
    expect(await saved()).toEqual(keeper.state);
  });

  it('after a handover that was called off: what is found then is saved as before', async () => {
    await registerHealthy();
    keeper.note(changes.health(slot, false, 'connection refused'));
    await keeper.freeze();
    keeper.thaw();
    keeper.note(changes.health(slot, true, undefined));
    await waitUntil('it is saved', async () => (await saved()).revision === keeper.state.revision);
    expect(await saved()).toEqual(keeper.state);
  });

  it('after a handover that a full disk did not hinder, and that was called off', async () => {
    await registerHealthy();
    file.fails = true;
    keeper.note(changes.health(slot, false, 'connection refused'));
    await keeper.freeze();
    file.fails = false;
    keeper.thaw();
    await waitUntil('it is saved', async () => (await saved()).revision === keeper.state.revision);
  });

  it('after the disk could not take a change, as soon as it can again', async () => {
    await registerHealthy();
    file.failsAfterWriting = true;
    await expect(setShare(2500)).rejects.toThrow('no space left');
    file.failsAfterWriting = false;
    expect(share()).toBe(0);
    await waitUntil(
      'the disk holds what is in effect',
      async () => (await saved()).pools[app]!.share.basisPoints === 0,
    );
  });
});

it('admits no server that died since its last check', async () => {
  const instance = await HttpInstance.start('1');
  const { port } = instance;
  const server = { slot, host: '127.0.0.1', port, side: 'baseline', generation: 'r+c' } as const;
  await registry.make({ kind: 'register', fence, server });
  await waitUntil('it is healthy', () => keeper.state.pools[app]!.servers['shop/1/a']?.healthy);
  await instance.close();
  await expect(registry.make({ kind: 'admit', fence, slot })).rejects.toMatchObject({
    refusal: { code: 'not-healthy', lastFailure: 'connection refused' },
  });
});
