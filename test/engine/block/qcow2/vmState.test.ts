/** VM state is stored incrementally and separately from the disk, and a clean close keeps it only in snapshots. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import {
  assertClean,
  assertSameBytes,
  filled,
  KIB,
  MIB,
  newImage,
  readAll,
  readVm,
  reopened,
  takeSnapshot,
} from './support.ts';

const RAM_BYTES = 16 * MIB;

test('VM state is stored after the end of the disk and is not part of the disk contents', () => {
  const { image } = newImage({ lengthBytes: 100 * KIB });
  image.vmState.write(0, filled(RAM_BYTES, 1));
  image.write(0, filled(100 * KIB, 2));
  assertSameBytes(readVm(image, 0, RAM_BYTES), filled(RAM_BYTES, 1));
  assertSameBytes(readAll(image), filled(100 * KIB, 2));
});

test('unwritten VM state reads as zeroes, even if the base image is longer than the disk', () => {
  const { image } = newImage({ lengthBytes: 64 * KIB, base: filled(8 * MIB, 7) });
  assertSameBytes(readVm(image, 0, 4 * MIB), new Uint8Array(4 * MIB));
  image.vmState.write(5000, filled(10, 1));
  image.vmState.zero(0, MIB);
  assertSameBytes(readVm(image, 0, 4 * MIB), new Uint8Array(4 * MIB));
});

test('a second snapshot with 20 changed pages takes about 20 clusters plus the tables that map them', (t) => {
  const random = SeededRandom.forTest(t);
  const { image, file } = newImage({ lengthBytes: 64 * KIB });
  image.vmState.write(0, filled(RAM_BYTES, 1));
  takeSnapshot(image, 'first', { vmStateSizeBytes: RAM_BYTES });
  const before = { length: file.length(), written: file.calls.bytesWritten };
  const pages = Array.from({ length: 20 }, () => random.below(RAM_BYTES / 4096));
  for (const page of pages) image.vmState.write(page * 4096, filled(4096, 2));
  takeSnapshot(image, 'second', { vmStateSizeBytes: RAM_BYTES });

  // The limit allows for 20 pages, at most 8 L2 tables, which map 2 MiB each, and a few clusters for L1 tables and the
  // snapshot table.
  const grown = (file.length() - before.length) / 4096;
  assert(grown <= 20 + 8 + 8, `grew by ${grown} clusters`);
  const written = (file.calls.bytesWritten - before.written) / 4096;
  assert(written <= 80, `wrote ${written} clusters`);
  assertSameBytes(readVm(image.snapshots.open('first'), 0, RAM_BYTES), filled(RAM_BYTES, 1));
  const second = filled(RAM_BYTES, 1);
  for (const page of pages) second.fill(2, page * 4096, page * 4096 + 4096);
  assertSameBytes(readVm(image.snapshots.open('second'), 0, RAM_BYTES), second);
  assertClean(image);
});

test('scattered clusters of VM state are written contiguously, with one file call per MiB', () => {
  const { image, file } = newImage({ lengthBytes: 64 * KIB });
  image.vmState.write(0, filled(RAM_BYTES, 1));
  takeSnapshot(image, 'first', { vmStateSizeBytes: RAM_BYTES });
  const expected = filled(RAM_BYTES, 1);
  const pages = Array.from({ length: 256 }, (_, i) => 16 * i + 3);
  const before = file.calls.writes;
  image.vmState.writeClusters(pages.map((page) => ({ offset: page * 4096, bytes: filled(4096, page % 255) })));
  assert.equal(file.calls.writes - before, 1);
  for (const page of pages) expected.fill(page % 255, page * 4096, page * 4096 + 4096);
  takeSnapshot(image, 'second', { vmStateSizeBytes: RAM_BYTES });
  assertSameBytes(readVm(image.snapshots.open('second'), 0, RAM_BYTES), expected);
  assertSameBytes(readVm(image.snapshots.open('first'), 0, RAM_BYTES), filled(RAM_BYTES, 1));
  assertClean(image);
});

test('a snapshot reports the ranges in which its VM state is not all zeroes', () => {
  const { image } = newImage({ lengthBytes: 100 * KIB, base: filled(8 * MIB, 7) });
  image.vmState.write(0, filled(3 * 4096, 1));
  image.vmState.write(5 * MIB, filled(4096, 2));
  image.vmState.write(9 * MIB, filled(4096, 3));
  image.vmState.zero(4096, 4096);
  takeSnapshot(image, 'first', { vmStateSizeBytes: RAM_BYTES });
  assert.deepEqual(image.snapshots.open('first').vmStateRanges(8 * MIB), [
    { offset: 0, lengthBytes: 4096 },
    { offset: 2 * 4096, lengthBytes: 4096 },
    { offset: 5 * MIB, lengthBytes: 4096 },
  ]);
});

test('a clean close removes VM state from the active table but keeps it in snapshots', () => {
  const { image, file } = newImage();
  image.vmState.write(0, filled(MIB, 1));
  takeSnapshot(image, 'first', { vmStateSizeBytes: MIB });
  image.close();
  const again = reopened(file).image;
  assertSameBytes(readVm(again, 0, MIB), new Uint8Array(MIB));
  assertSameBytes(readVm(again.snapshots.open('first'), 0, MIB), filled(MIB, 1));
  assertClean(again);
});

test('after the VM state of a snapshot is mapped again, the next snapshot is incremental', () => {
  const { image, file } = newImage();
  image.vmState.write(0, filled(RAM_BYTES, 1));
  takeSnapshot(image, 'first', { vmStateSizeBytes: RAM_BYTES });
  image.close();

  const again = Qcow2Image.open(file, { writable: true });
  again.vmState.map('first');
  assertSameBytes(readVm(again, 0, RAM_BYTES), filled(RAM_BYTES, 1));
  const before = file.length();
  again.vmState.write(4096, filled(4096, 2));
  takeSnapshot(again, 'second', { vmStateSizeBytes: RAM_BYTES });
  assert(file.length() - before < 16 * 4096, `grew by ${file.length() - before}`);
  assertSameBytes(readVm(again.snapshots.open('first'), 0, RAM_BYTES), filled(RAM_BYTES, 1));
  assertClean(again);
  again.close();
  assertClean(Qcow2Image.open(file, { writable: false }));
});

test('mapping the VM state of a snapshot replaces the VM state that a kill left in the active table', () => {
  const { image, file } = newImage();
  image.vmState.write(0, filled(MIB, 1));
  takeSnapshot(image, 'first', { vmStateSizeBytes: MIB });
  image.vmState.write(0, filled(MIB, 2));
  image.writeBack();
  const again = reopened(file).image;
  again.vmState.map('first');
  again.flush();
  assertSameBytes(readVm(again, 0, MIB), filled(MIB, 1));
  assertClean(again);
});

for (const lengthBytes of [0, 64 * KIB]) {
  test(`a state-only image with a ${lengthBytes}-byte disk stores and returns VM state`, () => {
    const { image, file } = newImage({ lengthBytes });
    image.vmState.write(0, filled(MIB, 1));
    takeSnapshot(image, 'first', { vmStateSizeBytes: MIB, icount: 12 });
    image.close();
    const again = reopened(file).image;
    assertSameBytes(readVm(again.snapshots.open('first'), 0, MIB), filled(MIB, 1));
    assertClean(again);
  });
}
