/** A damaged image is rejected with a message that names the file, and is never written to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Qcow2Image } from '../../../../debug-adapter/engine/block/qcow2/image.ts';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { filled, KIB, newImage, takeSnapshot } from './support.ts';

const damages: { what: string; at: number; bytes: number[]; says: RegExp }[] = [
  { what: 'a different magic number', at: 0, bytes: [0], says: /is not a qcow2 image/ },
  { what: 'version 4', at: 4, bytes: [0, 0, 0, 4], says: /qcow2 version 4/ },
  {
    what: 'an offset past the end for an empty name',
    at: 8,
    bytes: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    says: /name of the backing file extends past/,
  },
  { what: '2^30-byte clusters', at: 20, bytes: [0, 0, 0, 30], says: /a cluster size of 2\^30/ },
  { what: 'a huge L1 table', at: 36, bytes: [0xff, 0, 0, 0], says: /an L1 table with 4278190080 entries/ },
  { what: 'an L1 table too small', at: 36, bytes: [0, 0, 0, 0], says: /too small for the disk/ },
  { what: 'an L1 table past the end', at: 40, bytes: [0, 0, 1], says: /offset of the L1 table .* past the end/ },
  { what: 'an L1 table inside a cluster', at: 47, bytes: [8], says: /an unaligned offset for the L1 table/ },
  { what: 'no refcount table', at: 56, bytes: [0, 0, 0, 0], says: /a refcount table of 0 clusters/ },
  { what: 'too many snapshots', at: 60, bytes: [1, 0, 0, 0], says: /16777216 snapshots/ },
  { what: 'unknown feature 5', at: 79, bytes: [32], says: /an unknown feature \(bit 5\)/ },
  { what: '2^9-bit refcounts', at: 99, bytes: [9], says: /a refcount width of 2\^9 bits/ },
  { what: 'subclusters in small clusters', at: 79, bytes: [16], says: /subclusters in clusters of 2\^9 bytes/ },
  { what: 'an unknown compression type', at: 79, bytes: [8], says: /contradict each other/ },
  { what: 'a header longer than its cluster', at: 100, bytes: [0, 1], says: /a header length of/ },
];

for (const { what, at, bytes, says } of damages) {
  test(`a header with ${what} is rejected`, () => {
    const damaged = sampleImage();
    damaged.set(bytes, at);
    const open = () => Qcow2Image.open(new MemoryFile('disk.qcow2', damaged), { writable: false });
    assert.throws(
      open,
      (error) => error instanceof UserError && says.test(error.message) && /disk\.qcow2/.test(error.message),
    );
  });
}

test('a file too short to be an image is rejected', () => {
  for (const length of [0, 1, 50, 103]) {
    const file = new MemoryFile('disk.qcow2', sampleImage().subarray(0, length));
    assert.throws(() => Qcow2Image.open(file, { writable: true }), UserError, `${length} bytes`);
  }
});

test('an image whose creation was interrupted and a file in a different format are rejected with different messages', () => {
  const { file } = newImage({ lengthBytes: 64 * KIB });
  const unfinished = file.contents().fill(0, 0, 4096);
  const says = (bytes: Uint8Array) => {
    try {
      Qcow2Image.open(new MemoryFile('disk.qcow2', bytes), { writable: true });
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(
    says(unfinished)!,
    /^disk\.qcow2 is not a qcow2 image: it starts with zeroes\. If its creation was interrupted, delete it/,
  );
  assert.match(
    says(new Uint8Array(0))!,
    /^disk\.qcow2 is not a qcow2 image: it is empty\. If its creation was interrupted, delete it/,
  );
  assert.match(says(Uint8Array.of(1))!, /^disk\.qcow2 is not a qcow2 image\. Check the name/);
});

test('an image in which a table is also mapped as a disk cluster is not written to', () => {
  const { image, file } = newImage();
  image.write(0, filled(4096, 1));
  image.close();
  const bytes = file.contents();
  const view = new DataView(bytes.buffer);
  const l1 = Number(view.getBigUint64(40));
  const l2 = Number(view.getBigUint64(l1) & 0x00ff_ffff_ffff_fe00n);
  view.setBigUint64(l2 + 8, BigInt(l1) | (1n << 63n));
  const damaged = new MemoryFile('disk.qcow2', bytes);
  assert.throws(
    () => Qcow2Image.open(damaged, { writable: true }),
    /disk\.qcow2 is damaged at byte \d+: a cluster that holds a table is also used for data/,
  );
  assert.deepEqual(damaged.contents(), bytes);
});

test('an image that QEMU marked as corrupt is not written to', () => {
  const bytes = sampleImage();
  bytes[79] |= 2;
  Qcow2Image.open(new MemoryFile('disk.qcow2', bytes), { writable: false });
  assert.throws(() => Qcow2Image.open(new MemoryFile('disk.qcow2', bytes), { writable: true }), /marked as corrupt/);
});

/** A small image that contains data, zeroes, VM state and two snapshots. */
function sampleImage(): Uint8Array {
  const { image, file } = newImage({ lengthBytes: 64 * KIB, clusterSizeBytes: 512, base: filled(64 * KIB, 7) });
  image.write(0, filled(3000, 1));
  image.writeZeroes(4096, 4096);
  image.vmState.write(0, filled(3000, 1));
  takeSnapshot(image, 'first', { icount: 1 });
  image.write(1000, filled(3000, 1));
  takeSnapshot(image, 'second', { icount: 2 });
  image.close();
  return file.contents();
}
