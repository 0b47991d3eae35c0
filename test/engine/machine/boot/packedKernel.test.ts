/** Kernels compressed with gzip or wrapped as EFI zboot images are unpacked, or rejected with a message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import { unpackKernel } from '../../../../debug-adapter/engine/machine/boot/compressedKernel.ts';
import { nodeCompression } from '../../../../debug-adapter/host/compression.ts';
import { zbootImage } from '../../../support/zboot.ts';

const MIB = 1 << 20;
const KERNEL = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 37) & 0xff);
const GZIPPED = gzipSync(KERNEL);
/** A Zstandard frame with one raw block (RFC 8878, 3.1.1.2), which any compressor may write. */
const ZSTD = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 8, 0x41, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);

const unpack = (bytes: Uint8Array, memoryBytes = 16 * MIB) =>
  unpackKernel({ name: 'k', bytes }, { compression: nodeCompression, memoryBytes }).bytes;

test('a kernel is unpacked from gzip, from an EFI zboot image, and from both combined', () => {
  for (const bytes of [GZIPPED, zbootImage('gzip', GZIPPED), gzipSync(zbootImage('gzip', GZIPPED))]) {
    assert.deepEqual(Uint8Array.from(unpack(bytes)), KERNEL);
  }
  assert.deepEqual(Uint8Array.from(unpack(zbootImage('zstd', ZSTD, 8))), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
});

test('padding after the gzip data is ignored, and a file that is not packed stays unchanged', () => {
  assert.deepEqual(Uint8Array.from(unpack(Buffer.concat([GZIPPED, new Uint8Array(512)]))), KERNEL);
  assert.equal(unpack(KERNEL), KERNEL);
  const unfinished = zbootImage('gzip', GZIPPED).subarray(0, 63);
  assert.equal(unpack(unfinished), unfinished);
});

const cut = (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 200);
for (const [what, bytes, code, says] of [
  ['truncated gzip', cut(GZIPPED), 'kernel-does-not-unpack', /^k is damaged or truncated: its gzip data/],
  ['only a gzip header', GZIPPED.subarray(0, 10), 'kernel-does-not-unpack', /gzip/],
  [
    'gzip with a wrong checksum',
    GZIPPED.map((byte, i) => (i === GZIPPED.length - 8 ? byte ^ 1 : byte)),
    'kernel-does-not-unpack',
    /gzip/,
  ],
  ['a truncated zboot image', cut(zbootImage('gzip', GZIPPED)), 'kernel-does-not-unpack', /gzip/],
  ['a zboot image without its length', zbootImage('zstd', ZSTD), 'kernel-does-not-unpack', /its zstd data/],
  ['a zboot image with a different length', zbootImage('zstd', ZSTD, 9), 'kernel-does-not-unpack', /its zstd data/],
  [
    'gzip data larger than memory',
    gzipSync(new Uint8Array(20 * MIB)),
    'kernel-does-not-fit',
    /more than the machine's 16 MiB/,
  ],
  ['a zboot image that states a larger size', zbootImage('zstd', ZSTD, 2 ** 32 - 1), 'kernel-does-not-fit', /16 MiB/],
  [
    'a zboot image with xz',
    zbootImage('xz', KERNEL, 7),
    'kernel-compression-unknown',
    /^k is compressed with xz, which/,
  ],
  ['xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0), 'kernel-compression-unknown', /compressed with xz/],
  ['zstd', ZSTD, 'kernel-compression-unknown', /compressed with zstd/],
  ['lz4', Uint8Array.of(2, 0x21, 0x4c, 0x18, 0), 'kernel-compression-unknown', /compressed with lz4/],
] as const) {
  test(`rejected: ${what}`, () => {
    assert.throws(
      () => unpack(bytes),
      (error) => error instanceof UserError && error.code === code && says.test(error.message),
    );
  });
}
