/** A recording with missing, torn or damaged index pages can be opened, and its index gives correct answers. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { CHUNK_HEADER_BYTES } from '../../../../debug-adapter/engine/recording/chunk.ts';
import { RecordingReader } from '../../../../debug-adapter/engine/recording/recordingReader.ts';
import { longTest, times } from '../../../support/extent.ts';
import { compression, events, MemoryFile, open, Random, userErrorOf, write } from '../support.ts';
import { compare, diskLog, Model, pagesOf, withPages } from './support.ts';

const CUTS = times({ quick: 12, long: 300 });
const ROUNDS = times({ quick: 15, long: 300 });
const entries = diskLog({ random: new Random(7), length: 9000 });
const closed = write({ entries, end: { position: entries.at(-1)!.position, reason: 'powerOff' } }).bytes;
const FEW = 3;

longTest(
  'a recording that a kill cut off at any byte of an index page can be opened, and its index is complete',
  () => {
    const random = new Random(1);
    const [, page] = pagesOf(closed);
    const end = page.offset + CHUNK_HEADER_BYTES + page.payload.length;
    const near = [page.offset, end].flatMap((at) => [at - 1, at, at + 1, at + 19, at + 21]);
    const cuts = [...near, ...Array.from({ length: CUTS }, () => page.offset + random.below(end - page.offset))];
    for (const cut of cuts) {
      const reader = open(closed.subarray(0, cut));
      assert.equal(reader.complete, false);
      compare(reader, random, FEW);
    }
  },
);

test('a recording that a kill cut off anywhere after the start of the first index page can be opened, and its index is complete', () => {
  const random = new Random(2);
  const first = pagesOf(closed)[0].offset;
  for (let i = 0; i < CUTS; i++)
    compare(open(closed.subarray(0, first + random.below(closed.length - first))), random, FEW);
});

test('an index page with a wrong checksum is rebuilt from the part of the log that it covers', () => {
  const random = new Random(3);
  for (const [page, { offset, payload }] of pagesOf(closed).entries()) {
    const damaged = Uint8Array.from(closed);
    damaged[offset + CHUNK_HEADER_BYTES + random.below(payload.length)] ^= 1 << random.below(8);
    const [intact, rebuilt] = [closed, damaged].map((bytes) => countingReader(bytes));
    assert.equal(rebuilt.reader.complete, true);
    assert.equal(
      rebuilt.reader.index.count({ kind: 'blockRequest' }),
      intact.reader.index.count({ kind: 'blockRequest' }),
    );
    assert.ok(rebuilt.readBytes() - intact.readBytes() > 700_000, `page ${page}`);
    assert.deepEqual(events(rebuilt.reader), events(intact.reader));
    compare(rebuilt.reader, random, FEW);
  }
});

test('a damaged header of an index page is reported as damage to the recording', () => {
  const damaged = Uint8Array.from(closed);
  damaged[pagesOf(closed)[0].offset + 5] ^= 1;
  assert.equal(userErrorOf(() => open(damaged))?.code, 'recording-damaged');
});

test('index pages that a power failure replaced with zeroes are rebuilt', () => {
  const damaged = Uint8Array.from(closed);
  for (const { offset, payload } of pagesOf(closed))
    damaged.fill(0, offset + CHUNK_HEADER_BYTES, offset + payload.length);
  compare(open(damaged), new Random(4));
});

test('missing and empty index pages are rebuilt, and so are pages from another recording, even with valid checksums', () => {
  const random = new Random(5);
  const pages = pagesOf(closed).map(({ payload }) => payload);
  compare(open(withPages(closed, (payload, page) => (page === 1 ? undefined : payload))), random, FEW);
  compare(open(withPages(closed, () => new Uint8Array(0))), random, FEW);
  const others = write({ entries: entries.slice(0, 3000) }).bytes;
  assert.ok(pages.length >= 2);
  compare(open(withPages(closed, () => pagesOf(others)[0]?.payload)), random, FEW);
});

test('damaged index pages with valid checksums cause no failure and never add entries that are not in the log', () => {
  const seed = Number(process.env.BLKREPLAY_SEED ?? Date.now() % 1e9);
  const random = new Random(seed);
  const model = new Model(entries);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = withPages(closed, (payload) => {
      const changed = Uint8Array.from(payload);
      for (let i = random.below(4); i >= 0; i--) changed[random.below(changed.length)] = random.below(256);
      return changed;
    });
    const { index, lastPosition } = open(bytes);
    try {
      const sector = random.below(4096);
      const found = index.lastWriter('hd0', sector, lastPosition);
      if (found) assert.ok(model.writes('hd0', sector).some(({ request }) => request.id === found.request.id));
      assert.ok([undefined, 'input'].includes(index.nth({ kind: 'input' }, random.below(1000))?.kind));
      for (const request of index.requestsTouching({ drive: 'hd1', firstSector: 0, sectors: 100 })) {
        assert.ok(request.offset < 51_200);
      }
    } catch (error) {
      throw new Error(`seed ${seed}, round ${round}`, { cause: error });
    }
  }
});

test('a search reads the index pages and only a few parts of the log', () => {
  const random = new Random(6);
  const log = Array.from({ length: 200_000 }, (_, i) => {
    const offset = (1 + random.below(2 ** 18)) * 4096;
    const operation = random.pick(['read', 'write'] as const);
    return { kind: 'blockRequest', id: i, drive: 'hd0', operation, offset, lengthBytes: 4096, position: i } as const;
  });
  const { bytes } = write({ entries: log, end: { position: log.length, reason: 'powerOff' } });
  const { reader, readBytes } = countingReader(bytes);
  assert.equal(reader.index.lastWriter('hd0', 0, Infinity), undefined);
  assert.ok(readBytes() < 0.2 * bytes.length, `${readBytes()} of ${bytes.length} bytes`);
});

/** Opens a recording; returns its reader, and a function that returns the number of bytes read since then. */
function countingReader(bytes: Uint8Array): { reader: RecordingReader; readBytes: () => number } {
  const file = new MemoryFile(bytes);
  let total = 0;
  const counting = Object.assign(new MemoryFile(bytes), {
    readAt: (offset: number, into: Uint8Array) => ((total += into.length), file.readAt(offset, into)),
  });
  const reader = new RecordingReader(counting, compression);
  const atOpening = total;
  return { reader, readBytes: () => total - atOpening };
}
