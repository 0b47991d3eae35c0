/** Every boot file is loaded at the same address as in QEMU, or rejected with a message. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import {
  type BootFiles,
  BUILTIN,
  needsFirmware,
  planBoot,
} from '../../../../debug-adapter/engine/machine/boot/bootPlan.ts';
import { builtinFirmware } from '../../../../debug-adapter/engine/machine/boot/firmware.ts';
import { writeFdt } from '../../../../debug-adapter/engine/machine/boot/fdt.ts';
import { readLinuxImage } from '../../../../debug-adapter/engine/machine/boot/linuxImage.ts';
import { makeElf } from '../../../support/elf.ts';
import { uImage } from '../../../support/wrappedImages.ts';
import { Qtest, skipWithoutQemu } from '../devices/qtest.ts';

const MIB = 1 << 20;
const RAM = 0x8000_0000;

/** A file with the header of a Linux Image. In the rest of the file, each byte differs from its neighbors. */
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
const RAW = { name: 'x.bin', bytes: Uint8Array.from({ length: 9000 }, (_, i) => (i * 53 + 0x80) & 0xff) };
const DATA = { name: 'data', bytes: Uint8Array.from({ length: 301 }, (_, i) => i & 0xff) };

/** An ELF file with the given segments, each of four bytes. */
function elfOf(...segments: { address: number; memoryBytes?: number; fileBytes?: number }[]): Uint8Array {
  const table = 64 + 56 * segments.length;
  const bytes = new Uint8Array(table + 4 * segments.length);
  bytes.set(makeElf({ segments: 0 }).subarray(0, 64));
  const view = new DataView(bytes.buffer);
  view.setUint16(56, segments.length, true);
  segments.forEach(({ address, fileBytes = 4, memoryBytes = fileBytes }, i) => {
    const at = 64 + 56 * i;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, 7, true);
    [table + 4 * i, 0xffff_ffff_8000_0000n, address, fileBytes, memoryBytes].forEach((field, k) =>
      view.setBigUint64(at + 8 + 8 * k, BigInt(field), true),
    );
    bytes.fill(i + 1, table + 4 * i, table + 4 * i + 4);
  });
  return bytes;
}

/**
 * An ELF file whose virtual and physical addresses differ: the zeroes of the first segment overlap the second segment,
 * and an empty segment has the lowest address.
 */
const PACKED_ELF = {
  name: 'packed.elf',
  bytes: elfOf(
    { address: RAM + 0x40_1000, memoryBytes: 0x3000 },
    { address: RAM + 0x40_2000, memoryBytes: 0x100 },
    { address: RAM + 0x40_0000, fileBytes: 0 },
  ),
};
const FIRMWARE = { name: 'fw.bin', bytes: new Uint8Array(300_000).fill(0xf1) };

test('a boot plan does not keep the debug information of an ELF file in memory', () => {
  const elf = elfOf({ address: RAM });
  const bytes = new Uint8Array(10_000);
  bytes.set(elf);
  const [segment] = planBoot({ kernel: { name: 'vmlinux', bytes } }, 128 * MIB).regions;
  assert.deepEqual(segment.bytes, elf.subarray(elf.length - 4));
  assert.equal(segment.bytes.buffer.byteLength, 4);
});

test('a Linux Image is recognized by its header, which also contains the memory size', () => {
  assert.deepEqual(readLinuxImage(imageOf()), { memoryBytes: 3 * MIB });
  assert.deepEqual(readLinuxImage(imageOf({ memoryBytes: 10 })), { memoryBytes: 5000 });
  assert.equal(readLinuxImage(new Uint8Array(64)), undefined);
  assert.equal(readLinuxImage(imageOf().subarray(0, 63)), undefined);
});

suite('files are loaded at the same addresses as in QEMU', { skip: skipWithoutQemu }, () => {
  for (const [what, memoryMib, files] of [
    ['firmware, Image and initrd in 128 MiB', 128, { bios: FIRMWARE, kernel: KERNEL, initrd: INITRD }],
    ['firmware, Image and initrd in 512 MiB', 512, { bios: FIRMWARE, kernel: KERNEL, initrd: INITRD }],
    ['5 MiB firmware', 64, { bios: { ...FIRMWARE, bytes: new Uint8Array(5 * MIB) }, kernel: KERNEL }],
    ['Image without firmware', 128, { kernel: KERNEL, initrd: INITRD }],
    ['a raw kernel without firmware', 128, { kernel: RAW, initrd: INITRD }],
    ['a raw kernel after firmware', 128, { bios: FIRMWARE, kernel: RAW }],
    ['firmware without a kernel', 128, { bios: FIRMWARE }],
    ['an ELF file linked for a ROM', 128, { bios: FIRMWARE, kernel: PACKED_ELF, initrd: INITRD }],
    [
      'files loaded in addition to the kernel',
      128,
      {
        kernel: RAW,
        loads: [
          { ...DATA, address: RAM + 0x10_0001 },
          { ...PACKED_ELF, address: RAM },
        ],
      },
    ],
    [
      'U-Boot images of a kernel and an initial RAM disk',
      128,
      {
        kernel: { ...RAW, address: RAM + 0x40_0000, entry: RAM + 0x40_0010 },
        initrd: { name: 'initrd.uimage', bytes: uImage(INITRD.bytes, { type: 3 }) },
      },
    ],
    ['loaded files without a kernel', 128, { loads: [{ ...RAW, address: RAM }, PACKED_ELF] }],
  ] as const) {
    test(what, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-boot-'));
      const write = (file: { name: string; bytes: Uint8Array; address?: number; entry?: number }): string => {
        const { bytes, address: loadAddress, entry } = file;
        writeFileSync(path.join(folder, file.name), entry ? uImage(bytes, { loadAddress, entry }) : bytes);
        return path.join(folder, file.name);
      };
      const { bios, kernel, initrd, loads = [] }: BootFiles = files;
      const plan = planBoot({ bios, kernel, initrd, loads }, memoryMib * MIB);
      const qemu = new Qtest([
        ...['-m', `${memoryMib}M`, '-bios', bios ? write(bios) : 'none'],
        ...(kernel ? ['-kernel', write(kernel)] : []),
        ...(initrd ? ['-initrd', write(initrd)] : []),
        ...loads.flatMap((file) => ['-device', `loader,file=${write(file)},addr=${file.address ?? 0}`]),
      ]);
      try {
        // Compares the boot ROM except for the address of the device tree, since QEMU's tree is slightly longer.
        const rom = await qemu.readBytes(0x1000, plan.rom.length);
        assert.deepEqual(plan.rom.subarray(0, 0x20), rom.subarray(0, 0x20));
        assert.deepEqual(plan.rom.subarray(0x28), rom.subarray(0x28));
        for (const { name, address, bytes } of plan.regions) {
          if (name === 'the device tree') continue;
          assert.deepEqual(await qemu.readBytes(address, bytes.length), Uint8Array.from(bytes), name);
        }
      } finally {
        qemu.close();
        rmSync(folder, { recursive: true });
      }
    });
  }
});

test("the device tree reserves the built-in firmware's memory; other firmware reserves its own", () => {
  const treeOf = (bios: { name: string; bytes: Uint8Array }) =>
    new TextDecoder('latin1').decode(planBoot({ bios, kernel: KERNEL }, 64 * MIB).regions.at(-1)!.bytes);
  assert.match(treeOf({ name: BUILTIN, bytes: builtinFirmware() }), /reserved-memory/);
  assert.doesNotMatch(treeOf(FIRMWARE), /reserved-memory/);
});

for (const [what, plan, says] of [
  [
    'an Image whose memory size exceeds RAM',
    () => planBoot({ kernel: { name: 'Image', bytes: imageOf({ memoryBytes: 20 * MIB }) } }, 16 * MIB),
    /^Image would be loaded at 0x80000000\.\.0x81400000, outside RAM .* Give the machine more memory/,
  ],
  [
    'an initrd that extends beyond RAM',
    () => planBoot({ kernel: KERNEL, initrd: { name: 'initrd.gz', bytes: new Uint8Array(9 * MIB) } }, 16 * MIB),
    /^initrd\.gz \(9437184 bytes\) does not fit above the kernel in 16 MiB/,
  ],
  [
    'an initrd that overlaps the device tree',
    () => planBoot({ kernel: KERNEL, initrd: { name: 'initrd.gz', bytes: new Uint8Array(7 * MIB) } }, 16 * MIB),
    /^initrd\.gz and the device tree would both be loaded at 0x80e00000\. Give the machine more memory with --memory/,
  ],
  [
    'a raw kernel at an odd address',
    () => planBoot({ kernel: { ...RAW, address: RAM + 1 } }, 16 * MIB),
    /^Invalid address 0x80000001 for x\.bin: instructions start at even addresses\. Use an even address/,
  ],
  [
    'an Image between multiples of 2 MiB',
    () => planBoot({ kernel: { ...KERNEL, address: RAM + MIB } }, 16 * MIB),
    /^Invalid address 0x80100000 for Image: a Linux Image must be loaded at a multiple of 0x200000/,
  ],
  [
    'a raw kernel below RAM',
    () => planBoot({ kernel: { ...RAW, address: 0x2000_0000 } }, 16 * MIB),
    /^x\.bin would be loaded at 0x20000000\.\.0x20002328, outside RAM \(0x80000000\.\.0x81000000\)\. Use an address in RAM/,
  ],
  [
    'a raw kernel that extends beyond RAM',
    () => planBoot({ kernel: { ...RAW, address: RAM + 16 * MIB - 4096 } }, 16 * MIB),
    /^x\.bin would be loaded at .* outside RAM .* Give the machine more memory with --memory, or use a lower address/,
  ],
  [
    'an ELF kernel with an address',
    () => planBoot({ kernel: { ...PACKED_ELF, address: RAM } }, 16 * MIB),
    /^packed\.elf is an ELF file, so it cannot be loaded at a different address\. Leave out the address/,
  ],
  [
    'a raw file to load without an address',
    () => planBoot({ kernel: RAW, loads: [DATA] }, 16 * MIB),
    /^data is a raw binary, so it needs a load address\. Add an address, for example data@0x80400000/,
  ],
  [
    'an empty file to load',
    () => planBoot({ kernel: RAW, loads: [{ name: 'data', bytes: new Uint8Array(0), address: RAM }] }, 16 * MIB),
    /^data is empty\./,
  ],
  [
    'empty firmware without a kernel',
    () => planBoot({ bios: { name: 'fw', bytes: new Uint8Array(0) } }, 16 * MIB),
    /^fw is empty\./,
  ],
  [
    'two files that overlap',
    () =>
      planBoot(
        {
          loads: [
            { ...DATA, address: RAM },
            { ...RAW, address: RAM + 300 },
          ],
        },
        16 * MIB,
      ),
    /^data and x\.bin would both be loaded at 0x8000012c\. Give the machine more memory with --memory, or load or link the files at other addresses/,
  ],
  [
    'an initrd without a kernel',
    () => planBoot({ bios: FIRMWARE, initrd: INITRD }, 16 * MIB),
    /^An initial RAM disk \(initrd\) was given without a kernel\. Add --kernel/,
  ],
  [
    'a command line without a kernel',
    () => planBoot({ bios: FIRMWARE, append: 'x' }, 16 * MIB),
    /^A kernel command line \(append\) was given/,
  ],
  [
    'a device tree that does not fit',
    () => planBoot({ kernel: RAW, tree: { name: 't', bytes: treeOf(8 * MIB) } }, 16 * MIB),
    /A device tree of \d+ bytes and a kernel do not fit/,
  ],
] as const) {
  test(`rejected: ${what}`, () => {
    assert.throws(plan, (error) => error instanceof UserError && says.test(error.message));
  });
}

/** A device tree with a property of the given length. */
function treeOf(lengthBytes: number): Uint8Array {
  return writeFdt({ name: '', properties: { a: 'x'.repeat(lengthBytes) } });
}

test('firmware is needed for an Image, and for a kernel that leaves the start of RAM free', () => {
  const needs = (files: Parameters<typeof needsFirmware>[0]) => needsFirmware(files, 128 * MIB);
  assert.equal(needs({ kernel: KERNEL }), true);
  assert.equal(needs({ kernel: RAW }), false);
  assert.equal(needs({ kernel: { ...RAW, address: RAM } }), false);
  assert.equal(needs({ kernel: { ...RAW, address: RAM + 2 * MIB } }), true);
  assert.equal(needs({ kernel: PACKED_ELF }), true);
  assert.equal(needs({ kernel: PACKED_ELF, loads: [{ ...RAW, address: RAM }] }), false);
  assert.equal(needs({ kernel: { name: 'k', bytes: makeElf() } }), false);
  assert.equal(needs({ loads: [{ ...RAW, address: RAM + 2 * MIB }] }), false);
});

test('a kernel without firmware is loaded at the start of RAM', () => {
  const { regions } = planBoot({ kernel: KERNEL }, 64 * MIB);
  assert.equal(regions[0].address, RAM);
});
