/** A raw image consists of exactly the bytes of its file, and is read-only unless opened for writing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawImage } from '../../../debug-adapter/engine/block/raw.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { assertSameBytes, filled, readAll } from './qcow2/support.ts';

test('the disk of a raw image contains exactly the bytes of its file', () => {
  const file = new MemoryFile('disk.img', filled(4096, 7));
  const image = new RawImage(file);
  assert.equal(image.lengthBytes, 4096);
  assertSameBytes(readAll(image), filled(4096, 7));
});

test('a file that ends inside a sector is padded with zeroes to the end of that sector', () => {
  const image = new RawImage(new MemoryFile('disk.img', filled(700, 7)));
  assert.equal(image.lengthBytes, 1024);
  assertSameBytes(readAll(image), new Uint8Array(1024).fill(7, 0, 700));
});

test('a raw image is read-only by default', () => {
  const file = new MemoryFile('disk.img', filled(4096, 7));
  assert.throws(() => new RawImage(file).write(0, filled(1, 1)), /read-only/);
  const image = new RawImage(file, { writable: true });
  image.write(1000, filled(10, 1));
  image.writeZeroes(2000, 2000);
  image.flush();
  assertSameBytes(file.contents(), filled(4096, 7).fill(1, 1000, 1010).fill(0, 2000, 4000));
  assert.equal(file.calls.syncs, 1);
});

test('zeroes over existing zeroes are not written, so a sparse file stays sparse', () => {
  const file = new MemoryFile('disk.img', filled(3 << 20, 0).fill(7, 2 << 20, (2 << 20) + 512));
  new RawImage(file, { writable: true }).writeZeroes(0, 3 << 20);
  assertSameBytes(file.contents(), filled(3 << 20, 0));
  assert.equal(file.calls.bytesWritten, 1 << 20);
});

test('in a raw image, a qcow2 header is ordinary data', () => {
  const bytes = filled(4096, 0);
  bytes.set([0x51, 0x46, 0x49, 0xfb]);
  assertSameBytes(readAll(new RawImage(new MemoryFile('disk.img', bytes))), bytes);
});
