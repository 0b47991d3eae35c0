/** A qcow2 image returns the data written over its base, with few file calls and no wasted clusters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { RawImage } from '../../../../debug-adapter/engine/block/raw.ts';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import {
  assertClean,
  assertSameBytes,
  filled,
  KIB,
  MIB,
  newImage,
  readAll,
  readDisk,
  reopened,
  takeSnapshot,
} from './support.ts';
import { longTest } from '../../../support/extent.ts';

test('a new image reads as zeroes', () => {
  const { image } = newImage();
  assertSameBytes(readAll(image), new Uint8Array(MIB));
  assertClean(image);
});

test('a new overlay has the contents of its base', () => {
  const base = filled(MIB, 7);
  const { image } = newImage({ base });
  assertSameBytes(readAll(image), base);
});

test('written data is read back, even after the image is reopened', () => {
  const { image, file } = newImage();
  image.write(5000, filled(10_000, 9));
  image.flush();
  const expected = new Uint8Array(MIB).fill(9, 5000, 15_000);
  assertSameBytes(readAll(image), expected);
  assertSameBytes(readAll(reopened(file).image), expected);
  assertClean(image);
});

test("writing part of a cluster keeps the base's data in the rest of the cluster", () => {
  const base = filled(MIB, 7);
  const { image } = newImage({ base });
  image.write(4096 + 100, filled(10, 1));
  assertSameBytes(readAll(image), base.slice().fill(1, 4196, 4206));
});

test('if the base is shorter than the overlay, the part beyond the end of the base reads as zeroes', () => {
  const { image } = newImage({ base: filled(10 * KIB, 7), lengthBytes: 20 * KIB });
  image.write(9 * KIB, filled(512, 1));
  const expected = new Uint8Array(20 * KIB).fill(7, 0, 10 * KIB).fill(1, 9 * KIB, 9 * KIB + 512);
  assertSameBytes(readAll(image), expected);
});

test('the base is never written to', () => {
  const { image, base } = newImage({ base: filled(MIB, 7) });
  image.write(0, filled(MIB, 1));
  image.flush();
  assertSameBytes(readAll(base!), filled(MIB, 7));
});

test('zeroes written over a base hide its data and allocate no data clusters', () => {
  const { image, file, base } = newImage({ base: filled(MIB, 7) });
  image.writeZeroes(4096, 64 * KIB);
  image.writeZeroes(200 * KIB + 5, 10);
  image.flush();
  const expected = filled(MIB, 7).fill(0, 4096, 4096 + 64 * KIB);
  expected.fill(0, 200 * KIB + 5, 200 * KIB + 15);
  assertSameBytes(readAll(reopened(file, { base }).image), expected);
  assert(file.length() < 32 * KIB);
});

test('zeroes can be written up to the end of a disk whose last cluster is partial', () => {
  const { image, file } = newImage({ base: filled(10 * KIB, 7), lengthBytes: 10 * KIB });
  image.writeZeroes(0, 10 * KIB);
  assertSameBytes(readAll(image), new Uint8Array(10 * KIB));
  image.flush();
  assert(file.length() <= 24 * KIB);
});

test('clusters freed by writing zeroes are reused, but only after a flush', () => {
  const { image, file } = newImage();
  image.write(0, filled(512 * KIB, 1));
  image.flush();
  const full = file.length();
  for (let round = 0; round < 10; round++) {
    image.writeZeroes(0, 512 * KIB);
    image.flush();
    image.write(0, filled(512 * KIB, round));
    image.flush();
  }
  assert(file.length() < full + 64 * KIB, `grew from ${full} to ${file.length()}`);
  assertClean(image);
});

test('sequential 64 KiB reads and writes in 4 KiB clusters cost one file call each', () => {
  const { image, file } = newImage({ lengthBytes: 4 * MIB });
  image.write(0, filled(4096, 1));
  const calls = { ...file.calls };
  for (let i = 0; i < 32; i++) image.write(64 * KIB * i, filled(64 * KIB, i));
  assert(file.calls.writes - calls.writes <= 34, `${file.calls.writes - calls.writes} writes`);
  const reads = file.calls.reads;
  for (let i = 0; i < 32; i++) assertSameBytes(readDisk(image, 64 * KIB * i, 64 * KIB), filled(64 * KIB, i));
  assert(file.calls.reads - reads <= 34, `${file.calls.reads - reads} reads`);
});

test('a range of unallocated clusters is read from the base with one file call', () => {
  const baseFile = new MemoryFile('base.img', filled(8 * MIB, 3));
  const base = new RawImage(baseFile);
  const image = Qcow2Image.create(new MemoryFile('overlay.qcow2'), { lengthBytes: 8 * MIB, backingDevice: base });
  assertSameBytes(readDisk(image, 1000, 7 * MIB), filled(7 * MIB, 3));
  assert.equal(baseFile.calls.reads, 1);
});

test('overwriting in place takes one file write and changes no metadata', () => {
  const { image, file } = newImage();
  image.write(0, filled(64 * KIB, 1));
  image.flush();
  const before = { ...file.calls };
  image.write(4096, filled(8192, 2));
  image.writeBack();
  assert.equal(file.calls.writes - before.writes, 1);
});

test('writeBack and flush make no file calls when nothing has changed', () => {
  const { image, file } = newImage();
  image.write(0, filled(64 * KIB, 1));
  image.flush();
  const before = { ...file.calls };
  image.writeBack();
  image.flush();
  assert.deepEqual(file.calls, before);
});

test('after writeBack, the written data is in the file when it is reopened, even without a flush', () => {
  const { image, file } = newImage();
  image.write(100 * KIB, filled(5000, 4));
  image.writeBack();
  assert.equal(file.calls.syncs, 3, 'one more than for create');
  image.writeBack();
  assert.equal(file.calls.syncs, 3, 'nothing changed');
  assertSameBytes(readDisk(reopened(file).image, 100 * KIB, 5000), filled(5000, 4));
});

test('two readers that open an image read-only leave it unchanged', () => {
  const { image, file } = newImage();
  image.write(0, filled(5000, 4));
  image.close();
  const before = file.contents();
  const reader = Qcow2Image.open(file, { writable: false });
  assertSameBytes(readDisk(reader, 0, 5000), filled(5000, 4));
  assert.throws(() => reader.write(0, filled(1, 1)), /read-only/);
  reader.close();
  assertSameBytes(file.contents(), before);
});

test('opening for writing and closing leaves the file unchanged', () => {
  const { image, file } = newImage();
  image.write(0, filled(5000, 4));
  image.close();
  const before = file.contents();
  Qcow2Image.open(file, { writable: true }).close();
  assertSameBytes(file.contents(), before);
});

test('the backing name and format are stored as given', () => {
  const { file } = newImage({ base: filled(MIB, 7) });
  const image = Qcow2Image.open(file, { writable: false });
  assert.equal(image.backingFileName, 'base.img');
  assert.equal(image.backingFormat, 'raw');
});

test('a backing name too long for the first cluster is rejected before the file is changed', () => {
  const file = new MemoryFile('overlay.qcow2', filled(10, 1));
  const create = () =>
    Qcow2Image.create(file, {
      lengthBytes: MIB,
      clusterSizeBytes: 512,
      backing: { name: 'x'.repeat(500), format: 'raw' },
    });
  assert.throws(create, (error) => error instanceof UserError && error.code === 'backing-name-too-long');
  assert.equal(file.length(), 10);
});

test('the first and last sector of a 1 TiB disk can be written and read', () => {
  const lengthBytes = 2 ** 40;
  const { image, file } = newImage({ lengthBytes, clusterSizeBytes: 64 * KIB });
  image.write(lengthBytes - 512, filled(512, 1));
  image.write(0, filled(512, 2));
  image.flush();
  const again = reopened(file).image;
  assertSameBytes(readDisk(again, lengthBytes - 1024, 1024), filled(1024, 0).fill(1, 512));
  assertSameBytes(readDisk(again, 0, 1024), filled(1024, 0).fill(2, 0, 512));
  assertClean(again);
});

longTest(
  'a refcount table that outgrows its cluster is moved, even while snapshots with long L1 tables are taken',
  () => {
    // With 512-byte clusters, a refcount table of one cluster covers 8 MiB of the file, and the L1 table takes 16
    // clusters.
    const { image, file } = newImage({ lengthBytes: 32 * MIB, clusterSizeBytes: 512 });
    for (let i = 0; i < 32; i++) {
      image.write(i * MIB, filled(MIB, i + 1));
      if (i % 5 === 0) takeSnapshot(image, `s${i}`);
      if (i % 7 === 0) image.flush();
    }
    image.flush();
    assertClean(image);
    const again = reopened(file).image;
    for (let i = 0; i < 32; i++) assertSameBytes(readDisk(again, i * MIB, MIB), filled(MIB, i + 1));
    const view = again.snapshots.open('s15').disk;
    for (let i = 0; i < 32; i++) assertSameBytes(readDisk(view, i * MIB, MIB), filled(MIB, i <= 15 ? i + 1 : 0));
    again.snapshots.deleteMany(again.snapshots.list.map(({ name }) => name));
    assertClean(again);
  },
);

test('on a full disk, a write throws an error, and the image stays usable', () => {
  const { image, file } = newImage({ lengthBytes: 8 * MIB });
  image.write(0, filled(MIB, 1));
  image.flush();
  file.lengthMax = file.length() + 100 * KIB;
  assert.throws(() => image.write(MIB, filled(MIB, 2)), /no space/);
  file.lengthMax = Infinity;
  image.write(2 * MIB, filled(MIB, 3));
  image.flush();
  assertSameBytes(readDisk(image, 0, MIB), filled(MIB, 1));
  assertSameBytes(readDisk(image, 2 * MIB, MIB), filled(MIB, 3));
  assertClean(image);
});
