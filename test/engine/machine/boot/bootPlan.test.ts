import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { UserError } from '../../../../debug-adapter/engine/errors/userError.ts';
import { BUILTIN, planBoot } from '../../../../debug-adapter/engine/machine/boot/bootPlan.ts';
import { builtinFirmware } from '../../../../debug-adapter/engine/machine/boot/firmware.ts';
import { readLinuxImage } from '../../../../debug-adapter/engine/machine/boot/linuxImage.ts';
import { Qtest, skipWithoutQemu } from '../devices/qtest.ts';

const MIB = 1 << 20;
const RAM = 0x8000_0000;

/** A file that starts like a Linux Image; every byte of the rest is another. */
function imageOf({ fileBytes = 5000, memoryBytes = 3 * MIB } = {}): Uint8Array {
  const bytes = Uint8Array.from({ length: fileBytes }, (_, i) => (i * 37) & 0xff);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, 0x20_0000n, true);
  view.setBigUint64(16, BigInt(memoryBytes), true);
  view.setUint32(56, 0x05435352, true);
  return bytes;
}

const KERNEL = { name: 'Image', bytes: imageOf() };
const INITRD = { name: 'initrd', bytes: new Uint8Array(70_000).fill(0x1d) };
const FIRMWARE = { name: 'fw.bin', bytes: new Uint8Array(300_000).fill(0xf1) };

test('a Linux Image is known by its header, and takes what it says', () => {
  assert.deepEqual(readLinuxImage(imageOf()), { memoryBytes: 3 * MIB });
  assert.deepEqual(readLinuxImage(imageOf({ memoryBytes: 10 })), { memoryBytes: 5000 });
  assert.equal(readLinuxImage(new Uint8Array(64)), undefined);
  assert.equal(readLinuxImage(imageOf().subarray(0, 63)), undefined);
});

suite('where QEMU puts things', { skip: skipWithoutQemu }, () => {
  for (const [what, memoryMib, files] of [
    ['firmware, Image and initrd in 128 MiB', 128, { bios: FIRMWARE, kernel: KERNEL, initrd: INITRD }],
    ['the same in 512 MiB', 512, { bios: FIRMWARE, kernel: KERNEL, initrd: INITRD }],
    ['firmware of 5 MiB', 64, { bios: { ...FIRMWARE, bytes: new Uint8Array(5 * MIB) }, kernel: KERNEL }],
    ['Image without firmware', 128, { kernel: KERNEL, initrd: INITRD }],
  ] as const) {
    test(what, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-boot-'));
      const write = (file: { name: string; bytes: Uint8Array }): string => {
        writeFileSync(path.join(folder, file.name), file.bytes);
        return path.join(folder, file.name);
      };
      const { bios, kernel, initrd } = { bios: undefined, initrd: undefined, ...files };
      const plan = planBoot({ bios, kernel, initrd }, memoryMib * MIB);
      const options = ['-m', `${memoryMib}M`, '-bios', bios ? write(bios) : 'none', '-kernel', write(kernel)];
      const qemu = new Qtest([...options, ...(initrd ? ['-initrd', write(initrd)] : [])]);
      try {
        // All but where the tree is, which in QEMU is a little longer.
        const rom = await qemu.readBytes(0x1000, plan.rom.length);
        assert.deepEqual(plan.rom.subarray(0, 0x20), rom.subarray(0, 0x20));
        assert.deepEqual(plan.rom.subarray(0x28), rom.subarray(0x28));
        for (const { name, address, bytes } of plan.pieces) {
          if (name === 'the device tree') continue;
          assert.deepEqual(await qemu.readBytes(address, bytes.length), bytes, name);
        }
      } finally {
        qemu.close();
        rmSync(folder, { recursive: true });
      }
    });
  }
});

test('our own firmware’s memory is reserved in the device tree, another firmware notes that itself', () => {
  const treeOf = (bios: { name: string; bytes: Uint8Array }) =>
    new TextDecoder('latin1').decode(planBoot({ bios, kernel: KERNEL }, 64 * MIB).pieces.at(-1)!.bytes);
  assert.match(treeOf({ name: BUILTIN, bytes: builtinFirmware() }), /reserved-memory/);
  assert.doesNotMatch(treeOf(FIRMWARE), /reserved-memory/);
});

for (const [what, plan, says] of [
  [
    'an Image that zeroes more than there is',
    () => planBoot({ kernel: { name: 'Image', bytes: imageOf({ memoryBytes: 20 * MIB }) } }, 16 * MIB),
    /^Image loads to 0x80000000\.\.0x81400000, outside RAM .* give the machine more memory/,
  ],
  [
    'an initrd that reaches beyond RAM',
    () => planBoot({ kernel: KERNEL, initrd: { name: 'initrd.gz', bytes: new Uint8Array(9 * MIB) } }, 16 * MIB),
    /^initrd\.gz takes 9437184 bytes, which does not fit above the kernel in 16 MiB/,
  ],
  [
    'an initrd where the device tree is',
    () => planBoot({ kernel: KERNEL, initrd: { name: 'initrd.gz', bytes: new Uint8Array(7 * MIB) } }, 16 * MIB),
    /^initrd\.gz and the device tree would both be loaded to 0x80e00000: give the machine more memory/,
  ],
] as const) {
  test(`refused: ${what}`, () => {
    assert.throws(plan, (error) => error instanceof UserError && says.test(error.message));
  });
}

test('the start of RAM is where a kernel without firmware starts', () => {
  const { pieces } = planBoot({ kernel: KERNEL }, 64 * MIB);
  assert.equal(pieces[0].address, RAM);
});
