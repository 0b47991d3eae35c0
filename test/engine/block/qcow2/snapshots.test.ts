/** Snapshots in an image preserve the disk contents, can be applied and deleted, and leak no clusters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import {
  assertClean,
  assertSameBytes,
  filled,
  KIB,
  MIB,
  newImage,
  readAll,
  readDisk,
  takeSnapshot,
} from './support.ts';

const codeIs = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;

test('a snapshot preserves the contents of the disk, which can be read through a view', () => {
  const base = filled(MIB, 7);
  const { image } = newImage({ base });
  image.write(0, filled(8192, 1));
  takeSnapshot(image, 'first');
  image.write(4096, filled(8192, 2));
  const first = base.slice().fill(1, 0, 8192);
  assertSameBytes(readAll(image.snapshots.open('first').disk), first);
  assertSameBytes(readAll(image), first.slice().fill(2, 4096, 12_288));
});

test('a snapshot can be applied any number of times to restore the disk', () => {
  const { image } = newImage();
  image.write(0, filled(64 * KIB, 1));
  takeSnapshot(image, 'first');
  for (let round = 2; round < 5; round++) {
    image.write(0, filled(32 * KIB, round));
    image.snapshots.apply('first');
    assertSameBytes(readDisk(image, 0, 64 * KIB), filled(64 * KIB, 1));
    assertClean(image);
  }
});

test('the listed snapshots keep their attributes when the image is closed and reopened', () => {
  const { image, file } = newImage();
  takeSnapshot(image, 'replay_init', { icount: 0 });
  takeSnapshot(image, 'später: ☃', { icount: 2 ** 53 - 1, vmStateSizeBytes: 2 ** 33 });
  takeSnapshot(image, 'no count');
  image.close();
  const listed = Qcow2Image.open(file, { writable: false }).snapshots.list;
  const common = {
    dateSeconds: 1_700_000_000,
    dateNanoseconds: 5,
    vmClockNanoseconds: 42_000_000_000,
    diskSizeBytes: MIB,
  };
  assert.deepEqual(listed, [
    { ...common, id: '1', name: 'replay_init', vmStateSizeBytes: 0, icount: 0 },
    { ...common, id: '2', name: 'später: ☃', vmStateSizeBytes: 2 ** 33, icount: 2 ** 53 - 1 },
    { ...common, id: '3', name: 'no count', vmStateSizeBytes: 0, icount: undefined },
  ]);
});

test('snapshot names that already exist, are unknown or are invalid are rejected with a one-sentence message', () => {
  const { image } = newImage();
  takeSnapshot(image, 'first');
  assert.throws(() => takeSnapshot(image, 'first'), codeIs('snapshot-exists'));
  assert.throws(() => takeSnapshot(image, ''), codeIs('snapshot-name-bad'));
  assert.throws(() => takeSnapshot(image, 'x'.repeat(256)), codeIs('snapshot-name-bad'));
  assert.throws(() => takeSnapshot(image, 'a\nb'), codeIs('snapshot-name-bad'));
  assert.throws(() => image.snapshots.open('second'), /has no snapshot named "second"\. Its snapshots: "first"/);
  assert.throws(() => image.snapshots.delete('second'), codeIs('snapshot-missing'));
  assert.throws(() => image.snapshots.apply('second'), codeIs('snapshot-missing'));
  assertClean(image);
});

test('renaming a snapshot keeps its instruction count and its position in the list', () => {
  const { image } = newImage();
  takeSnapshot(image, 'a', { icount: 1 });
  takeSnapshot(image, 'b', { icount: 2 });
  image.snapshots.rename('a', 'c');
  assert.deepEqual(
    image.snapshots.list.map(({ name, icount }) => [name, icount]),
    [
      ['c', 1],
      ['b', 2],
    ],
  );
  assert.throws(() => image.snapshots.rename('c', 'b'), codeIs('snapshot-exists'));
  assertClean(image);
});

test('after the last snapshot is deleted, clusters of the disk are overwritten in place again', () => {
  const { image, file } = newImage();
  image.write(0, filled(64 * KIB, 1));
  takeSnapshot(image, 'first');
  image.snapshots.delete('first');
  image.flush();
  const before = { ...file.calls };
  image.write(0, filled(64 * KIB, 2));
  image.writeBack();
  assert.equal(file.calls.writes - before.writes, 1);
});

test('taking and deleting a hundred snapshots leaks no clusters, and the file does not grow', () => {
  const { image, file } = newImage();
  image.write(0, filled(MIB, 1));
  takeSnapshot(image, 'stays');
  let largest = 0;
  for (let i = 0; i < 100; i++) {
    image.write((i % 200) * 4096, filled(4096, i));
    image.vmState.write(0, filled(64 * KIB, i));
    takeSnapshot(image, `s${i}`);
    if (i >= 3) image.snapshots.delete(`s${i - 3}`);
    if (i === 10) largest = file.length();
  }
  image.snapshots.deleteMany(['s97', 's98', 's99']);
  assertClean(image);
  assert(file.length() <= largest + MIB, `${file.length()} after ${largest}`);
  image.close();
  assertClean(Qcow2Image.open(file, { writable: false }));
});

test('using a view of a deleted snapshot fails an assertion instead of returning other data', () => {
  const { image } = newImage();
  takeSnapshot(image, 'first');
  const view = image.snapshots.open('first');
  image.snapshots.delete('first');
  assert.throws(() => readAll(view.disk), /was deleted/);
});

test('a view of a snapshot stays correct while the active disk and other snapshots change', () => {
  const { image } = newImage({ base: filled(MIB, 7) });
  image.write(100 * KIB, filled(100 * KIB, 1));
  takeSnapshot(image, 'first');
  const view = image.snapshots.open('first').disk;
  const expected = readAll(view);
  for (let i = 0; i < 10; i++) {
    image.write(i * 50 * KIB, filled(50 * KIB, i));
    takeSnapshot(image, `s${i}`);
    if (i > 0) image.snapshots.delete(`s${i - 1}`);
    image.snapshots.apply(`s${i}`);
    assertSameBytes(readAll(view), expected);
  }
});

test('two images opened from the same file share the snapshot list in memory, and a reload creates new entries only for changed snapshots', () => {
  const { image, file } = newImage();
  for (let i = 0; i < 200; i++) takeSnapshot(image, `snapshot ${i}`, { icount: i });
  image.close();
  const reader = Qcow2Image.open(file, { writable: false });
  const before = reader.snapshots.list;
  assert.equal(reader.snapshots.list, before);
  const writer = Qcow2Image.open(file, { writable: true, sameFile: reader });
  writer.snapshots.list.forEach((snapshot, i) => assert.equal(snapshot, before[i]));
  takeSnapshot(writer, 'one more', { icount: 200 });
  writer.snapshots.rename('snapshot 7', 'renamed');
  writer.close();
  reader.reload();
  const after = reader.snapshots.list;
  assert.equal(after.length, 201);
  for (const [i, snapshot] of before.entries()) assert.equal(snapshot === after[i], i !== 7, snapshot.name);
  assert.deepEqual([after[7].name, after[200].name], ['renamed', 'one more']);
  assert.deepEqual(after, Qcow2Image.open(file, { writable: false }).snapshots.list);
});
