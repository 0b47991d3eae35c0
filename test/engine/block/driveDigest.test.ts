/** A drive's digest depends on every byte, and updating it reads only the changed blocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_BYTES } from '../../../debug-adapter/engine/block/blockHashes.ts';
import { contentDigest, DriveDigest } from '../../../debug-adapter/engine/block/driveDigest.ts';
import { RawImage } from '../../../debug-adapter/engine/block/raw.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { filled, KIB, MIB, newImage, rawImage, takeSnapshot } from './qcow2/support.ts';

test('changing any one byte changes the digest', (t) => {
  const random = SeededRandom.forTest(t);
  const bytes = random.bytes(300 * KIB + 512).fill(0, 64 * KIB, 200 * KIB);
  const digest = contentDigest(rawImage(bytes));
  assert.equal(contentDigest(rawImage(bytes)), digest);
  for (let round = 0; round < 300; round++) {
    const changed = bytes.slice();
    changed[random.below(changed.length)] ^= 1 + random.below(255);
    assert.notEqual(contentDigest(rawImage(changed)), digest);
  }
});

test('swapping two blocks changes the digest, and so does removing or adding a block', () => {
  const [a, b] = [filled(64 * KIB, 1), filled(64 * KIB, 2)];
  const digests = [[a, b], [b, a], [a], [a, b, new Uint8Array(64 * KIB)]].map((blocks) =>
    contentDigest(rawImage(Buffer.concat(blocks))),
  );
  assert.equal(new Set(digests).size, 4);
});

test('after a write, updating the digest reads only the changed block', () => {
  const { device, file } = countedDevice(10 * MIB);
  const digest = new DriveDigest(device);
  digest.value();
  assert.equal(file.calls.reads, 40, 'the first pass reads in pieces of 256 KiB');
  device.write(5 * MIB + 100, filled(10, 9));
  digest.touch(5 * MIB + 100, 10);
  const value = digest.value();
  assert.equal(file.calls.reads, 41);
  assert.equal(value, contentDigest(device));
  assert.equal(digest.value(), value);
});

test("the digest of an overlay starts from the digest of its base and reads only the overlay's clusters", () => {
  const { device: base, file: baseFile } = countedDevice(10 * MIB);
  const known = new DriveDigest(base);
  known.value();
  const { image: overlay } = newImage({ baseDevice: base });
  overlay.write(3 * MIB, filled(100, 1));
  takeSnapshot(overlay, 'first');
  overlay.write(7 * MIB, filled(100, 1));
  const reads = baseFile.calls.reads;
  const active = DriveDigest.from(known, overlay, overlay.allocatedRanges()).value();
  const view = overlay.snapshots.open('first');
  const first = DriveDigest.from(known, view.disk, view.allocatedRanges()).value();
  assert(baseFile.calls.reads - reads <= 6);
  assert.equal(active, contentDigest(overlay));
  assert.equal(first, contentDigest(view.disk));
  assert.notEqual(active, first);
});

test('the digest of an overlay longer than its base includes the part beyond the base', () => {
  const base = rawImage(filled(100 * KIB, 3));
  const known = new DriveDigest(base);
  known.value();
  const { image } = newImage({ base: filled(100 * KIB, 3), lengthBytes: 300 * KIB });
  assert.equal(DriveDigest.from(known, image, image.allocatedRanges()).value(), contentDigest(image));
});

test('if a write covers a few complete blocks, they are hashed during the write and are not read again', () => {
  const { device, file } = countedDevice(10 * MIB);
  const digest = new DriveDigest(device);
  const write = (offset: number, bytes: Uint8Array) => {
    device.write(offset, bytes);
    digest.written(offset, bytes);
  };
  write(4 * KIB, filled(4 * KIB, 1));
  digest.value();
  const reads = file.calls.reads;
  write(8 * MIB, filled(4 * KIB, 9));
  write(2 * MIB - 16 * KIB, filled(16 * KIB, 8));
  write(4 * KIB, new Uint8Array(4 * KIB));
  digest.touch(5 * MIB, 10 * KIB);
  write(5 * MIB, filled(12 * KIB, 7));
  const value = digest.value();
  assert.equal(file.calls.reads, reads);
  assert.equal(value, contentDigest(device));
});

test('blocks are read again for the digest after partial writes, writes across a 1 MiB boundary and large writes', () => {
  const { device, file } = countedDevice(10 * MIB);
  const digest = new DriveDigest(device);
  digest.value();
  const before = file.calls.reads;
  for (const [offset, length] of [
    [512, 4 * KIB],
    [8 * KIB, 512],
    [3 * MIB - 4 * KIB, 8 * KIB],
    [6 * MIB, 64 * KIB],
  ]) {
    device.write(offset, filled(length, 5));
    digest.written(offset, filled(length, 5));
  }
  const value = digest.value();
  assert.equal(file.calls.reads - before, 4, 'the three blocks at the start in one call');
  assert.equal(value, contentDigest(device));
});

test('a copied digest and its original change independently', () => {
  const [first, second] = [countedDevice(2 * MIB).device, countedDevice(2 * MIB).device];
  const digest = new DriveDigest(first);
  digest.value();
  const other = DriveDigest.from(digest, second);
  for (const round of [1, 2]) {
    first.write(4 * KIB, filled(4 * KIB, round));
    digest.written(4 * KIB, filled(4 * KIB, round));
    second.write(4 * KIB, filled(8 * KIB, 10 + round));
    other.written(4 * KIB, filled(8 * KIB, 10 + round));
    assert.equal(digest.value(), contentDigest(first));
    assert.equal(other.value(), contentDigest(second));
  }
  const back = DriveDigest.from(digest, first);
  other.touch(0, 2 * MIB);
  assert.equal(back.value(), contentDigest(first));
  assert.equal(other.value(), contentDigest(second));
});

test('random writes keep the digest correct', (t) => {
  const random = SeededRandom.forTest(t);
  const { device } = countedDevice(2 * MIB + 512);
  let digest = new DriveDigest(device);
  for (let round = 0; round < 200; round++) {
    const offset = random.below(2 * MIB);
    const bytes = filled(random.below(200 * KIB) % (device.lengthBytes - offset), random.below(3));
    device.write(offset, bytes);
    digest.touch(offset, bytes.length);
    const block = random.below((2 * MIB) / BLOCK_BYTES) * BLOCK_BYTES;
    const blocks = filled((1 + random.below(4)) * BLOCK_BYTES, random.below(3)).subarray(0, 2 * MIB - block);
    device.write(block, blocks);
    digest.written(block, blocks);
    if (random.chance(0.2)) digest = DriveDigest.from(digest, device);
    if (random.chance(0.3)) assert.equal(digest.value(), contentDigest(device));
  }
});

function countedDevice(lengthBytes: number) {
  const file = new MemoryFile('disk.img', filled(lengthBytes, 5));
  return { file, device: new RawImage(file, { writable: true }) };
}
