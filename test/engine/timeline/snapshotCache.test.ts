/** Cached snapshots stay within a memory budget that counts shared pages once. Distant snapshots are evicted first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CachedSnapshot, SnapshotCache } from '../../../debug-adapter/engine/timeline/snapshotCache.ts';
import {
  listBytes,
  PAGE_OVERHEAD_BYTES,
  STRETCH_BYTES,
} from '../../../debug-adapter/engine/timeline/ramSnapshotBytes.ts';
import { RamSnapshot } from '../../../debug-adapter/engine/timeline/ramSnapshots.ts';
import { SavedState } from '../../../debug-adapter/engine/timeline/savedState.ts';
import { times } from '../../support/extent.ts';
import { SeededRandom } from '../../support/seededRandom.ts';

const MIB = 1 << 20;
/** The number of pages in 256 MiB of RAM. */
const PAGES = 65536;

/** Creates a cache, and the set of snapshots that the cache has not released yet. */
function cacheOf(memoryBytes: number, options: { scratchBytes?: number; snapshots?: number } = {}) {
  const live = new Set<CachedSnapshot>();
  const disks = { mapBytes: 0, scratchBytes: 0 };
  const cache = new SnapshotCache(
    { memoryBytes, scratchBytes: options.scratchBytes ?? Infinity, snapshots: options.snapshots ?? Infinity },
    {
      mapBytes: () => disks.mapBytes,
      scratchExceeds: (limit) => live.size * disks.scratchBytes > limit,
      release: (snapshot) => assert.ok(live.delete(snapshot), 'each snapshot is released once'),
    },
  );
  const add = (position: number, ram: RamSnapshot): void => {
    const snapshot = {
      position,
      state: new SavedState({ pc: 1n, uart: { fifo: new Uint8Array(10) } }),
      ram,
      disks: [],
    };
    live.add(snapshot);
    cache.add(snapshot);
  };
  return { cache, live, disks, add };
}

/** A page that uses no memory, since the cache needs only its length. */
const page = (): Uint8Array => ({ length: 4096 }) as unknown as Uint8Array;

const changed = (ram: RamSnapshot, pages: readonly number[]): RamSnapshot =>
  ram.withPages(pages.map((number) => [number, page()]));

/** Maps each object that is reachable from the RAM snapshots to its size in bytes. */
function reachable(images: readonly RamSnapshot[]): Map<object, number> {
  const found = new Map<object, number>();
  for (const ram of images) {
    found.set(ram, listBytes(ram));
    for (const stretch of ram.stretches) {
      if (!stretch) continue;
      found.set(stretch, STRETCH_BYTES);
      for (const bytes of stretch) if (bytes) found.set(bytes, bytes.length + PAGE_OVERHEAD_BYTES);
    }
  }
  return found;
}

function chargedFor(snapshots: Iterable<CachedSnapshot>, inUse: readonly RamSnapshot[]): number {
  const anyway = reachable(inUse);
  let bytes = 0;
  for (const [thing, size] of reachable([...snapshots].map(({ ram }) => ram))) if (!anyway.has(thing)) bytes += size;
  for (const snapshot of snapshots) bytes += snapshot.state.packedBytes;
  return bytes;
}

test('pages that the guest no longer uses, but that several cached snapshots share, are counted', () => {
  const { cache, live, add } = cacheOf(32 * MIB);
  let ram = new RamSnapshot(PAGES);
  for (let i = 0; i < 400; i++) {
    ram = changed(
      ram,
      [...Array(128).keys()].map((j) => (i * 128 + j) % PAGES),
    );
    cache.setRamInUse([ram]);
    add(i << 24, ram);
    assert.ok(cache.bytes <= 32 * MIB);
  }
  assert.ok(live.size > 100, 'the snapshots share nearly everything with the pages in use');
  // After this, the guest no longer uses any of these pages, as after a reset.
  const fresh = changed(new RamSnapshot(PAGES), [0]);
  cache.setRamInUse([fresh]);
  assert.ok(cache.bytes <= 32 * MIB);
  const pages = new Set([...live].flatMap(({ ram: kept }) => kept.stretches.flatMap((stretch) => stretch ?? [])));
  assert.ok(pages.size * 4096 <= 32 * MIB + reachable([cache.first()!.ram]).size * 4096, `${pages.size} pages`);
});

test('for random snapshots, the counted size equals the memory used by the cache and stays within the budget', (t) => {
  const random = SeededRandom.forTest(t);
  const budget = 2 * MIB;
  const { cache, live, disks, add } = cacheOf(budget, { snapshots: 60 });
  let ram = new RamSnapshot(2000);
  let inUse: RamSnapshot[] = [];
  for (let step = 0; step < times({ quick: 500, long: 3000 }); step++) {
    const dice = random.below(10);
    if (dice < 6) {
      const first = random.below(2000);
      const pages = Array.from({ length: 1 + random.below(30) }, (_, i) => (first + i * (1 + (step % 7))) % 2000);
      ram = changed(ram, random.chance(0.9) ? pages : []);
    } else if (dice < 8 && live.size > 0) ram = random.pick([...live]).ram;
    else disks.mapBytes = random.below(MIB / 2);
    inUse = [ram, ...inUse.filter(() => random.chance(0.5))].slice(0, 4);
    cache.setRamInUse(inUse);
    if (random.chance(0.7)) add(step === 0 ? 0 : 1 + random.below(1e9), ram);
    const anyway = live.size > 0 ? [...inUse, cache.first()!.ram] : inUse;
    assert.equal(cache.bytes - disks.mapBytes, chargedFor(live, anyway));
    assert.ok(cache.count <= 60 && (cache.bytes <= budget || cache.count === 1), `${cache.count}: ${cache.bytes}`);
    assert.equal(cache.count, live.size);
  }
});

test('a snapshot larger than the budget is kept as long as the machine uses its RAM pages', () => {
  const { cache, add } = cacheOf(MIB);
  add(0, new RamSnapshot(PAGES));
  const large = changed(new RamSnapshot(PAGES), [...Array(1000).keys()]);
  cache.setRamInUse([large]);
  add(1000, large);
  assert.equal(cache.count, 2);
  assert.ok(cache.bytes < MIB);
  cache.setRamInUse([new RamSnapshot(PAGES)]);
  assert.equal(cache.count, 1);
});

test('the space in scratch files that only cached snapshots use is also limited', () => {
  const { cache, disks, add } = cacheOf(MIB, { scratchBytes: 10 * MIB });
  disks.scratchBytes = MIB;
  for (let i = 0; i < 30; i++) add(i * 1000, new RamSnapshot(16));
  assert.equal(cache.count, 10);
});

test('many snapshots near the current position are kept, and a few distant ones', () => {
  const { live, add } = cacheOf(MIB, { snapshots: 40 });
  for (let i = 0; i <= 1000; i++) add(i * 1000, new RamSnapshot(16));
  add(500_500, new RamSnapshot(16));
  for (let i = 0; i < 100; i++) add(500_501 + i * 10, new RamSnapshot(16));
  const positions = [...live].map(({ position }) => position).sort((a, b) => a - b);
  assert.equal(positions[0], 0);
  assert.ok(positions.filter((position) => Math.abs(position - 501_000) < 1500).length >= 10, String(positions));
  for (let from = 0; from < 1_000_000; from += 250_000) {
    assert.ok(
      positions.some((position) => position >= from && position < from + 250_000),
      `${from}: ${positions}`,
    );
  }
});

test('a second snapshot at the same position is released immediately, and so is a cached snapshot that is based on a deleted one', () => {
  const { cache, live } = cacheOf(MIB);
  const snapshotOn = (position: number, id?: string): CachedSnapshot => {
    const snapshot = { position, state: new SavedState({}), ram: new RamSnapshot(16), disks: [{ snapshot: id }] };
    live.add(snapshot);
    cache.add(snapshot);
    return snapshot;
  };
  const first = snapshotOn(0);
  const kept = snapshotOn(5, 'a');
  snapshotOn(5, 'a');
  snapshotOn(7, 'b');
  assert.equal(live.size, 3);
  cache.forget(['b', 'c']);
  assert.deepEqual([...live], [first, kept]);
  cache.forget(['a']);
  assert.deepEqual([...live], [first]);
});

test('the first snapshot is the one with the lowest position, and its pages are not counted', () => {
  const { cache, live, add } = cacheOf(MIB);
  add(1000, changed(new RamSnapshot(16), [1, 2]));
  assert.equal(cache.bytes, chargedFor(live, [cache.first()!.ram]));
  add(500, changed(new RamSnapshot(16), [3, 4]));
  add(700, new RamSnapshot(16));
  assert.equal(cache.first()?.position, 500);
  assert.deepEqual(
    [499, 500, 699, 700, 999, 1000].map((position) => cache.latestUpTo(position)?.position),
    [undefined, 500, 500, 700, 700, 1000],
  );
  assert.equal(cache.bytes, chargedFor(live, [cache.first()!.ram]));
});
