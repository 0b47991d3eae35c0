/** An encoded sector set contains all added sectors, is no longer than requested, and is exact if space permits. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { ByteReader, ByteWriter, Malformed } from '../../../../debug-adapter/engine/base/bytes.ts';
import {
  mayTouch,
  readSectorSet,
  SectorSetBuilder,
} from '../../../../debug-adapter/engine/recording/index/sectorSet.ts';
import { longTest, times } from '../../../support/extent.ts';
import { Random } from '../support.ts';

const ROUNDS = times({ quick: 60, long: 1000 });

interface Range {
  first: number;
  end: number;
}

test('sets of random sectors contain every sector that was added', () => {
  const builder = new SectorSetBuilder();
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const random = new Random(seed);
    const ranges = randomRanges(random);
    const lengthBytesMax = random.pick([20, 100, 1000, 1e6]);
    const { set, lengthBytes } = encoded(builder, ranges, lengthBytesMax);
    assert.ok(lengthBytes <= Math.max(1.1 * lengthBytesMax, 40), `seed ${seed}: ${lengthBytes} bytes`);
    for (const { first, end } of ranges) {
      const inside = first + random.below(end - first);
      assert.ok(mayTouch(set, inside, inside + 1), `seed ${seed}: ${inside}`);
      assert.ok(mayTouch(set, Math.max(0, first - 5), first + 1));
      assert.ok(mayTouch(set, end - 1, end + random.below(1e6)));
    }
  }
});

longTest(
  'even if a set has more runs than the builder keeps in memory, it contains every sector that was added',
  () => {
    const random = new Random(1);
    const ranges = Array.from({ length: 40_000 }, () => range(random, 2 ** 30, 8));
    const { set } = encoded(new SectorSetBuilder(), ranges, 1e6);
    for (const { first, end } of ranges) for (let i = first; i < end; i++) assert.ok(mayTouch(set, i, i + 1), `${i}`);
  },
);

test('a set that is encoded with enough space contains only the sectors that were added', () => {
  const builder = new SectorSetBuilder();
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const random = new Random(seed);
    const ranges = Array.from({ length: 1 + random.below(300) }, () => range(random, 20_000, 20));
    const { set } = encoded(builder, ranges, 1e6);
    const isAdded = (sector: number) => ranges.some(({ first, end }) => sector >= first && sector < end);
    for (let i = 0; i < 300; i++) {
      const sector = random.below(20_100);
      assert.equal(mayTouch(set, sector, sector + 1), isAdded(sector), `seed ${seed}, sector ${sector}`);
    }
  }
});

test('with one byte of space for each scattered request, few of the blocks that were not added appear to be in the set', () => {
  const random = new Random(1);
  const blocks = Array.from({ length: 3000 }, () => random.below(2 ** 18));
  const ranges = blocks.map((block) => ({ first: block * 8, end: block * 8 + 8 }));
  const { set } = encoded(new SectorSetBuilder(), ranges, ranges.length);
  const added = new Set(blocks);
  const others = Array.from({ length: 10_000 }, () => random.below(2 ** 18)).filter((block) => !added.has(block));
  const wrong = others.filter((block) => mayTouch(set, block * 8, block * 8 + 1)).length;
  assert.ok(wrong < 0.1 * others.length, `${wrong} of ${others.length}`);
});

test('sequential requests form a single run of sectors', () => {
  const ranges = Array.from({ length: 5000 }, (_, i) => ({ first: 100 + i * 8, end: 108 + i * 8 }));
  const { set, lengthBytes } = encoded(new SectorSetBuilder(), ranges, 5000);
  assert.ok(lengthBytes < 20, `${lengthBytes} bytes`);
  assert.equal(mayTouch(set, 99, 100), false);
  assert.equal(mayTouch(set, 40_100, 40_101), false);
});

test('random bytes read as a set are rejected or can be searched, but never cause an endless search', () => {
  const random = new Random(Number(process.env.BLKREPLAY_SEED ?? Date.now() % 1e9));
  for (let round = 0; round < 20 * ROUNDS; round++) {
    const bytes = Uint8Array.from({ length: random.below(80) }, () => random.pick([0, 1, 40, random.below(256)]));
    try {
      const set = readSectorSet(new ByteReader(bytes));
      if (set) mayTouch(set, random.below(2 ** 20), 2 ** random.below(45));
    } catch (error) {
      assert.ok(error instanceof Malformed, String(error));
    }
  }
});

function randomRanges(random: Random): Range[] {
  const limit = random.pick([1000, 2 ** 21, 2 ** 39]);
  const lengthMax = random.pick([1, 8, 100_000]);
  return Array.from({ length: 1 + random.below(random.pick([5, 500, 20_000])) }, () => range(random, limit, lengthMax));
}

function range(random: Random, limit: number, lengthMax: number): Range {
  const first = random.below(limit);
  return { first, end: first + 1 + random.below(lengthMax) };
}

function encoded(builder: SectorSetBuilder, ranges: readonly Range[], lengthBytesMax: number) {
  for (const { first, end } of ranges) builder.add(first, end);
  const bytes = new ByteWriter();
  builder.encode(bytes, lengthBytesMax);
  assert.ok(builder.isEmpty);
  const set = readSectorSet(new ByteReader(bytes.view()));
  assert.ok(set);
  return { set, lengthBytes: bytes.length };
}
