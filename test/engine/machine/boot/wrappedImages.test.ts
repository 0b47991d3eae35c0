/** U-Boot images and Intel HEX files are unpacked to their load addresses, or rejected with a message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import { readIntelHex } from '../../../../debug-adapter/engine/machine/boot/intelHex.ts';
import { unpackKernel, unpackLoad } from '../../../../debug-adapter/engine/machine/boot/compressedKernel.ts';
import { nodeCompression } from '../../../../debug-adapter/host/compression.ts';
import { intelHex, uImage } from '../../../support/wrappedImages.ts';

const DATA = Uint8Array.from({ length: 100 }, (_, i) => i);
const PLACES = { loadAddress: 0x8020_0000, entry: 0x8020_0010 };
const UNPACKING = { compression: nodeCompression, memoryBytes: 16 << 20 };
const unpack = (bytes: Uint8Array, address?: number) => unpackKernel({ name: 'k', bytes, address }, UNPACKING);

test('the load address of the data and the entry point are read from a U-Boot image', () => {
  for (const image of [uImage(DATA, PLACES), uImage(gzipSync(DATA), { ...PLACES, compression: 1 })]) {
    const { bytes, address, entry } = unpack(image);
    assert.deepEqual([Uint8Array.from(bytes), address, entry], [DATA, 0x8020_0000, 0x8020_0010]);
    assert.equal(unpackLoad({ name: 'k', bytes: image, address: 5 }, UNPACKING).address, 0x8020_0000);
  }
});

for (const [what, image, address, says] of [
  ['of firmware', uImage(DATA, { type: 5 }), undefined, /^k is a U-Boot image of type 5, .* only kernels \(2\)/],
  ['of an initial RAM disk', uImage(DATA, { type: 3 }), undefined, /^k is a U-Boot image of type 3/],
  [
    'with lzma',
    uImage(DATA, { compression: 3 }),
    undefined,
    /^k is compressed with lzma, which blkreplay does not support/,
  ],
  ['with an unknown compression method', uImage(DATA, { compression: 9 }), undefined, /^k is compressed with method 9/],
  ['that is truncated', uImage(DATA).subarray(0, 163), undefined, /^k is truncated: its data extends past the end/],
  ['with damaged gzip data', uImage(DATA, { compression: 1 }), undefined, /^k is damaged or truncated: its gzip data/],
  [
    'with a load address',
    uImage(DATA),
    0x8000_0000,
    /^k is a U-Boot image, so it cannot be loaded at a different address\. Leave/,
  ],
] as const) {
  test(`rejected: a U-Boot image ${what}`, () => {
    assert.throws(
      () => unpack(image, address),
      (error) => error instanceof UserError && says.test(error.message),
    );
  });
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

test('Intel HEX files are unpacked into blocks with addresses', () => {
  assert.deepEqual(readIntelHex(bytesOf(intelHex(0x8400_fff0, DATA.subarray(0, 16)))), [
    { address: 0x8400_fff0, bytes: DATA.subarray(0, 16) },
  ]);
  const two = ':020000021000EC\n:0100000001FE\n:01000200AA53\n:0400000500000000F7\n:00000001FF\nwhatever';
  assert.deepEqual(
    readIntelHex(bytesOf(two))?.map(({ address, bytes }) => [address, ...bytes]),
    [
      [0x1_0000, 1],
      [0x1_0002, 0xaa],
    ],
  );
});

for (const text of [
  '',
  ':',
  'data',
  ':0100000001FE',
  ':0100000001FF\n:00000001FF',
  ':0200000001FD\n:00000001FF',
  ':0100000601F8\n:00000001FF',
  ':01000004FFFC\n:00000001FF',
  ': 0100000001FE\n:00000001FF',
]) {
  test(`not accepted as Intel HEX: ${JSON.stringify(text)}`, () =>
    assert.equal(readIntelHex(bytesOf(text)), undefined));
}
