/** Cached snapshots stay within the budget, charge each shared page once, and are evicted by distance. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MemorySnapshot, MemorySnapshots } from '../../../debug-adapter/engine/timeline/memorySnapshots.ts';
import { listBytes, PAGE_OVERHEAD_BYTES, STRETCH_BYTES } from '../../../debug-adapter/engine/timeline/ramImageBytes.ts';
import { RamImage } from '../../../debug-adapter/engine/timeline/ramImages.ts';
import { SavedState } from '../../../debug-adapter/engine/timeline/savedState.ts';
import { SeededRandom } from '../../support/seededRandom.ts';

const MIB = 1 << 20;
/** Pages of 256 MiB of RAM. */
const PAGES = 65536;

/** A cache, and the snapshots that it holds and has not released. */
function cacheOf(memoryBytes: number, options: { scratchBytes?: number; snapshots?: number } = {}) {
  const live = new Set<MemorySnapshot>();
  const disks = { mapBytes: 0, scratchBytes: 0 };
  const cache = new MemorySnapshots(
    { memoryBytes, scratchBytes: options.scratchBytes ?? Infinity, snapshots: options.snapshots ?? Infinity },
    {
      mapBytes: () => disks.mapBytes,
      exceedsScratch: (limit) => live.size * disks.scratchBytes > limit,
      release: (snapshot) => assert.ok(live.delete(snapshot), 'each snapshot is released once'),
    },
  );
  const add = (position: number, image: RamImage): void => {
    const snapshot = {
      position,
      state: new SavedState({ pc: 1n, uart: { fifo: new Uint8Array(10) } }),
      image,
      disks: [],
    };
    live.add(snapshot);
    cache.add(snapshot);
  };
  return { cache, live, disks, add };
}

/** A page that takes no memory: only its length is used. */
const page = (): Uint8Array => ({ length: 4096 }) as unknown as Uint8Array;

const changed = (image: RamImage, pages: readonly number[]): RamImage =>
  image.changed(pages.map((number) => [number, page()]));

/** Counts each reachable object once, by walking all of them. */
function reachable(images: readonly RamImage[]): Map<object, number> {
  const found = new Map<object, number>();
  for (const image of images) {
    found.set(image, listBytes(image));
    for (const stretch of image.stretches) {
      if (!stretch) continue;
      found.set(stretch, STRETCH_BYTES);
      for (const bytes of stretch) if (bytes) found.set(bytes, bytes.length + PAGE_OVERHEAD_BYTES);
    }
  }
  return found;
}

function chargedFor(snapshots: Iterable<MemorySnapshot>, inUse: readonly RamImage[]): number {
  const anyway = reachable(inUse);
  let bytes = 0;
  for (const [thing, size] of reachable([...snapshots].map(({ image }) => image)))
    if (!anyway.has(thing)) bytes += size;
  for (const snapshot of snapshots) bytes += snapshot.state.packedBytes;
  return bytes;
}

test('pages that only later snapshots share stay charged when the guest keeps writing other pages', () => {
  const { cache, live, add } = cacheOf(32 * MIB);
  let image = new RamImage(PAGES);
  for (let i = 0; i < 400; i++) {
    image = changed(
      image,
      [...Array(128).keys()].map((j) => (i * 128 + j) % PAGES),
    );
    cache.use([image]);
    add(i << 24, image);
    assert.ok(cache.bytes <= 32 * MIB);
  }
  assert.ok(live.size > 100, 'the snapshots share nearly everything with the pages in use');
  // The guest restarts and no longer uses any of these pages.
  const fresh = changed(new RamImage(PAGES), [0]);
  cache.use([fresh]);
  assert.ok(cache.bytes <= 32 * MIB);
  const pages = new Set([...live].flatMap(({ image: kept }) => kept.stretches.flatMap((stretch) => stretch ?? [])));
  assert.ok(pages.size * 4096 <= 32 * MIB + reachable([cache.first()!.image]).size * 4096, `${pages.size} pages`);
});

test('for random snapshots the charge equals the memory in use and stays within the budget', (t) => {
  const random = SeededRandom.forTest(t);
  const budget = 2 * MIB;
  const { cache, live, disks, add } = cacheOf(budget, { snapshots: 60 });
  let image = new RamImage(2000);
  let inUse: RamImage[] = [];
  for (let step = 0; step < 3000; step++) {
    const dice = random.below(10);
    if (dice < 6) {
      const first = random.below(2000);
      const pages = Array.from({ length: 1 + random.below(30) }, (_, i) => (first + i * (1 + (step % 7))) % 2000);
      image = changed(image, random.chance(0.9) ? pages : []);
    } else if (dice < 8 && live.size > 0) image = random.pick([...live]).image;
    else disks.mapBytes = random.below(MIB / 2);
    inUse = [image, ...inUse.filter(() => random.chance(0.5))].slice(0, 4);
    cache.use(inUse);
    if (random.chance(0.7)) add(step === 0 ? 0 : 1 + random.below(1e9), image);
    const anyway = live.size > 0 ? [...inUse, cache.first()!.image] : inUse;
    assert.equal(cache.bytes - disks.mapBytes, chargedFor(live, anyway));
    assert.ok(cache.count <= 60 && (cache.bytes <= budget || cache.count === 1), `${cache.count}: ${cache.bytes}`);
    assert.equal(cache.count, live.size);
  }
});

test('a single snapshot larger than the budget is kept while the machine is at its position', () => {
  const { cache, add } = cacheOf(MIB);
  add(0, new RamImage(PAGES));
  const large = changed(new RamImage(PAGES), [...Array(1000).keys()]);
  cache.use([large]);
  add(1000, large);
  assert.equal(cache.count, 2);
  assert.ok(cache.bytes < MIB);
  cache.use([new RamImage(PAGES)]);
  assert.equal(cache.count, 1);
});

test('the scratch-file space used only by snapshots is limited too', () => {
  const { cache, disks, add } = cacheOf(MIB, { scratchBytes: 10 * MIB });
  disks.scratchBytes = MIB;
  for (let i = 0; i < 30; i++) add(i * 1000, new RamImage(16));
  assert.equal(cache.count, 10);
});

test('snapshots near the current position are kept, and a few of those far away', () => {
  const { live, add } = cacheOf(MIB, { snapshots: 40 });
  for (let i = 0; i <= 1000; i++) add(i * 1000, new RamImage(16));
  add(500_500, new RamImage(16));
  for (let i = 0; i < 100; i++) add(500_501 + i * 10, new RamImage(16));
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

test('a second snapshot of the same position is released immediately, and so are those based on a deleted one', () => {
  const { cache, live } = cacheOf(MIB);
  const snapshotOn = (position: number, name?: string): MemorySnapshot => {
    const snapshot = { position, state: new SavedState({}), image: new RamImage(16), disks: [{ snapshot: name }] };
    live.add(snapshot);
    cache.add(snapshot);
    return snapshot;
  };
  const first = snapshotOn(0);
  const kept = snapshotOn(5, 'a');
  snapshotOn(5, 'a');
  snapshotOn(7, 'b');
  assert.equal(live.size, 3);
  cache.renamed('a', 'c');
  cache.forget(['a', 'b']);
  assert.deepEqual([...live], [first, kept]);
  cache.forget(['c']);
  assert.deepEqual([...live], [first]);
});
