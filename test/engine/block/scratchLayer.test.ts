import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockDevice } from '../../../debug-adapter/engine/block/blockDevice.ts';
import { ScratchLayer } from '../../../debug-adapter/engine/block/scratchLayer.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { assertSameBytes, filled, KIB, rawImage, readAll } from './qcow2/support.ts';

const inert = {
  ...{ readOnly: true, write() {}, writeZeroes() {}, flush() {}, close() {} },
  dataRanges: (offset: number, lengthBytes: number) => [{ offset, lengthBytes }],
};

test('writes are seen through the layer and never reach the device below', () => {
  const lower = rawImage(filled(100 * KIB, 7));
  const scratch = new MemoryFile('scratch');
  const layer = new ScratchLayer({ lower, scratch });
  layer.write(5000, filled(10_000, 1));
  layer.writeZeroes(50_000, 20_000);
  assertSameBytes(
    readAll(layer),
    filled(100 * KIB, 7)
      .fill(1, 5000, 15_000)
      .fill(0, 50_000, 70_000),
  );
  assertSameBytes(readAll(lower), filled(100 * KIB, 7));
});

test('reset drops all writes and shows another device', () => {
  const scratch = new MemoryFile('scratch');
  const layer = new ScratchLayer({ lower: rawImage(filled(100 * KIB, 7)), scratch });
  layer.write(0, filled(50 * KIB, 1));
  layer.reset(rawImage(filled(100 * KIB, 8)));
  assertSameBytes(readAll(layer), filled(100 * KIB, 8));
  assert.equal(scratch.length(), 0);
});

test('discarding a whole large disk is quick, and parts of it can be written again', () => {
  const GIB = 1024 * 1024 * KIB;
  const lower: BlockDevice = {
    ...inert,
    name: 'large',
    lengthBytes: 64 * GIB + 512,
    read: (_, into) => void into.fill(7),
  };
  const layer = new ScratchLayer({ lower, scratch: new MemoryFile('scratch') });
  layer.writeZeroes(512, 64 * GIB);
  layer.write(40 * GIB, filled(512, 1));
  const read = (offset: number) => {
    const sectors = new Uint8Array(1024);
    layer.read(offset, sectors);
    return sectors;
  };
  assertSameBytes(read(0), new Uint8Array(1024).fill(7, 0, 512));
  assertSameBytes(read(40 * GIB), new Uint8Array(1024).fill(1, 0, 512));
  assertSameBytes(read(64 * GIB - 512), new Uint8Array(1024));
});

test('64 KiB requests cost one file call', () => {
  const scratch = new MemoryFile('scratch');
  const layer = new ScratchLayer({ lower: rawImage(new Uint8Array(1024 * KIB)), scratch });
  for (let at = 0; at < 1024 * KIB; at += 64 * KIB) layer.write(at, filled(64 * KIB, 1));
  assert.equal(scratch.calls.writes, 16);
  readAll(layer);
  assert.equal(scratch.calls.reads, 1);
});

test('random requests against a plain array', (t) => {
  const random = SeededRandom.forTest(t);
  const expected = random.bytes(150 * KIB + 512);
  const layer = new ScratchLayer({ lower: rawImage(expected), scratch: new MemoryFile('scratch') });
  for (let step = 0; step < 2000; step++) {
    const offset = random.below(expected.length);
    const length = 1 + random.below(Math.min(20_000, expected.length - offset));
    const dice = random.below(10);
    if (dice < 5) {
      layer.write(offset, filled(length, step));
      expected.fill(step, offset, offset + length);
    } else if (dice < 7) {
      layer.writeZeroes(offset, length);
      expected.fill(0, offset, offset + length);
    } else {
      const read = new Uint8Array(length);
      layer.read(offset, read);
      assertSameBytes(read, expected.subarray(offset, offset + length));
    }
  }
  assertSameBytes(readAll(layer), expected);
});
