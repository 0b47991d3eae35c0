/** ELF kernels load as in QEMU, and wrong or damaged files are rejected with a message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import { checkSegmentsFit, readElfImage } from '../../../../debug-adapter/engine/machine/boot/elf.ts';
import { withSeeds } from '../../../support/seededRandom.ts';

const RAM = { ramBase: 0x8000_0000, memoryBytes: 1024 * 1024, name: 'kernel.elf' };

interface Segment {
  physicalAddress: bigint;
  virtualAddress?: bigint;
  bytes: Uint8Array;
  memoryBytes?: number;
  type?: number;
}

/** An ELF file with the given program headers and the bytes that follow them. */
function elf(segments: Segment[], entry = 0x8000_0000n): Uint8Array {
  const tableEnd = 64 + 56 * segments.length;
  const bytes = new Uint8Array(tableEnd + segments.reduce((sum, segment) => sum + segment.bytes.length, 0));
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  let offset = tableEnd;
  segments.forEach(({ physicalAddress, virtualAddress, bytes: content, memoryBytes, type }, i) => {
    const at = 64 + 56 * i;
    view.setUint32(at, type ?? 1, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, virtualAddress ?? physicalAddress, true);
    view.setBigUint64(at + 24, physicalAddress, true);
    view.setBigUint64(at + 32, BigInt(content.length), true);
    view.setBigUint64(at + 40, BigInt(memoryBytes ?? content.length), true);
    bytes.set(content, offset);
    offset += content.length;
  });
  return bytes;
}

const text: Segment = { physicalAddress: 0x8000_0000n, bytes: Uint8Array.of(1, 2, 3, 4) };

function changed(change: (view: DataView) => void, bytes = elf([text])): Uint8Array {
  change(new DataView(bytes.buffer));
  return bytes;
}

function message(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert(error instanceof UserError, String(error));
    assert.equal(error.kind, 'badInput');
    return error.message;
  }
  return 'no error';
}

test('each segment has a virtual and a physical address, its bytes, and the number of bytes to zero after them', () => {
  const high = 0xffff_ffff_8000_0000n;
  const data: Segment = { physicalAddress: 0x8000_1000n, bytes: Uint8Array.of(9), memoryBytes: 4096 };
  const image = readElfImage(elf([{ ...text, virtualAddress: high }, { ...text, type: 4 }, data], high + 2n), 'k');
  assert.deepEqual(image, {
    entry: high + 2n,
    physicalEntry: 0x8000_0002,
    lowestAddress: 0x8000_0000,
    segments: [
      {
        physicalAddress: 0x8000_0000,
        virtualAddress: high,
        bytes: Uint8Array.of(1, 2, 3, 4),
        memoryBytes: 4,
        headerBytes: 0,
      },
      {
        physicalAddress: 0x8000_1000,
        virtualAddress: 0x8000_1000n,
        bytes: Uint8Array.of(9),
        memoryBytes: 4096,
        headerBytes: 0,
      },
    ],
  });
});

test('an entry point outside all segments has no physical address', () => {
  assert.equal(readElfImage(elf([text], 0x1000n), 'k').physicalEntry, undefined);
});

test('a file that is part of a larger buffer is read with offsets relative to its own start', () => {
  const file = elf([text]);
  const buffer = new Uint8Array(file.length + 100);
  buffer.set(file, 37);
  assert.deepEqual(readElfImage(buffer.subarray(37, 37 + file.length), 'k'), readElfImage(file, 'k'));
});

test('a file that is not a kernel for this machine is rejected with a one-sentence message', () => {
  const refusal = (bytes: Uint8Array) => message(() => readElfImage(bytes, 'kernel.bin'));
  const advice = 'Use an ELF file for 64-bit RISC-V, a Linux Image, or a raw binary.';
  assert.equal(refusal(new Uint8Array(0)), `kernel.bin is neither an ELF file nor a Linux Image. ${advice}`);
  assert.equal(
    refusal(new TextEncoder().encode('#!/bin/sh')),
    `kernel.bin is neither an ELF file nor a Linux Image. ${advice}`,
  );
  assert.equal(
    refusal(changed((view) => view.setUint8(4, 1))),
    'kernel.bin is a 32-bit ELF file, but the machine is 64-bit. Use a file that is built for 64-bit RISC-V.',
  );
  assert.match(refusal(changed((view) => view.setUint8(5, 2))), /^kernel.bin is big-endian/);
  assert.match(
    refusal(changed((view) => view.setUint16(18, 62, true))),
    /another processor architecture \(e_machine 62\)/,
  );
  assert.match(refusal(changed((view) => view.setUint16(16, 1, true))), /not linked/);
  assert.match(refusal(elf([])), /no loadable segments/);
  assert.match(refusal(elf([{ ...text, type: 4 }])), /no loadable segments/);
});

test('a damaged file is rejected, and the message names the damaged part', () => {
  const refusal = (bytes: Uint8Array) => message(() => readElfImage(bytes, 'k.elf'));
  const whole = elf([text]);
  assert.match(refusal(whole.subarray(0, 8)), /^k.elf is truncated: its ELF header extends past the end/);
  assert.match(refusal(whole.subarray(0, 63)), /its ELF header/);
  assert.match(refusal(whole.subarray(0, 100)), /its program header table/);
  assert.match(refusal(whole.subarray(0, whole.length - 1)), /its segment 0/);
  assert.match(refusal(changed((view) => view.setBigUint64(32, 2n ** 64n - 1n, true))), /its program header table/);
  assert.match(refusal(changed((view) => view.setBigUint64(64 + 8, 2n ** 63n, true))), /its segment 0/);
  assert.match(refusal(changed((view) => view.setBigUint64(64 + 40, 3n, true))), /^Program header 0/);
  assert.match(refusal(changed((view) => view.setBigUint64(64 + 24, 2n ** 60n, true))), /^Program header 0/);
  assert.match(refusal(changed((view) => view.setUint16(54, 32, true))), /^Program header/);
});

test('trailing zeroes that would overlap another segment are dropped, and an empty segment still occupies its address', () => {
  const rom: Segment = { ...text, memoryBytes: 0x2000 };
  const data: Segment = { physicalAddress: 0x8000_1000n, bytes: Uint8Array.of(9), memoryBytes: 0x100 };
  const empty: Segment = { physicalAddress: 0x7000_0000n, bytes: new Uint8Array(0), memoryBytes: 0 };
  const { segments, lowestAddress } = readElfImage(elf([rom, data, empty]), 'k');
  assert.deepEqual(
    segments.map(({ physicalAddress, memoryBytes }) => [physicalAddress, memoryBytes]),
    [
      [0x8000_0000, 4],
      // As in QEMU, zeroes are dropped if they overlap the other segment, whose size includes its own zeroes even if
      // these are dropped too.
      [0x8000_1000, 1],
    ],
  );
  assert.equal(lowestAddress, 0x7000_0000);
});

test('a file with more program headers than a linker writes is rejected before the quadratic overlap check', () => {
  const many = elf(Array.from({ length: 5000 }, () => ({ ...text, memoryBytes: 64 })));
  assert.match(
    message(() => readElfImage(many, 'k')),
    /^k has 5000 program headers; at most 4096/,
  );
});

test('segments outside RAM and overlapping segments are rejected', () => {
  const fit = (...segments: Segment[]) => message(() => checkSegmentsFit(readElfImage(elf(segments), 'k'), RAM));
  assert.equal(fit(text), 'no error');
  assert.equal(fit({ ...text, memoryBytes: 1024 * 1024 }), 'no error');
  assert.equal(
    fit({ ...text, memoryBytes: 1024 * 1024 + 1 }),
    'kernel.elf would be loaded at 0x80000000..0x80100001, outside RAM (0x80000000..0x80100000). ' +
      'Give the machine more memory with --memory, or link the file at a lower address.',
  );
  assert.match(fit({ ...text, physicalAddress: 0n }), /Link it at an address in RAM\.$/);
  assert.match(fit(text, { ...text, physicalAddress: 0x8000_0003n }), /segments that overlap/);
  assert.equal(fit({ ...text, physicalAddress: 0x8000_0004n }, text), 'no error');
});

/**
 * The layout that `ld -Ttext=0x80000000` writes: one segment that starts at the first byte of the file, one page below
 * RAM.
 */
function headersBelowRam(): Uint8Array {
  const bytes = new Uint8Array(0x1004);
  bytes.set(elf([{ physicalAddress: 0x7fff_f000n, bytes: new Uint8Array(0), memoryBytes: 0x1004 }], 0x8000_0002n));
  bytes.set([1, 2, 3, 4], 0x1000);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(64 + 8, 0n, true);
  view.setBigUint64(64 + 32, 0x1004n, true);
  return bytes;
}

test('only headers and zeroes that the linker put below RAM are dropped', () => {
  const load = (bytes: Uint8Array) => checkSegmentsFit(readElfImage(bytes, 'k'), RAM);
  assert.deepEqual(load(headersBelowRam()), [
    {
      physicalAddress: 0x8000_0000,
      virtualAddress: 0x8000_0000n,
      bytes: Uint8Array.of(1, 2, 3, 4),
      memoryBytes: 4,
      headerBytes: 0,
    },
  ]);
  const withCode = headersBelowRam();
  withCode[0xfff] = 1;
  assert.match(
    message(() => load(withCode)),
    /^kernel.elf would be loaded at 0x7ffff000..0x80000004, outside RAM/,
  );
});

test('non-executable segments far below RAM, such as those in position-independent files, are dropped', () => {
  const tables: Segment = { physicalAddress: 0x1_0000n, bytes: Uint8Array.of(7, 7), memoryBytes: 2 };
  const load = (entry: bigint, ...segments: Segment[]) => {
    const image = readElfImage(elf(segments, entry), 'k');
    return message(() => assert.equal(checkSegmentsFit(image, RAM).length, 1));
  };
  assert.equal(load(0x8000_0000n, tables, text), 'no error');
  assert.match(load(0x1_0000n, tables, text), /would be loaded at 0x10000\.\.0x10002, outside RAM/);
  assert.match(load(0x8000_0000n, { ...tables, physicalAddress: 0x2000_0000n }, text), /would be loaded at 0x20000000/);
  assert.match(load(0x8000_0000n, { ...tables, physicalAddress: 0x8800_0000n }, text), /would be loaded at 0x88000000/);
  assert.match(load(0x8000_0000n, tables), /would be loaded at 0x10000\.\.0x10002, outside RAM/);
});

test('random damage never causes an error other than a UserError', () => {
  withSeeds(300, (random) => {
    const bytes = elf([text, { ...text, physicalAddress: 0x8000_1000n, memoryBytes: 64 }]);
    for (let i = 0; i <= random.below(4); i++)
      bytes[random.below(bytes.length)] = random.pick([0, 1, 255, random.below(256)]);
    const cut = random.chance(1 / 3) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
    message(() => checkSegmentsFit(readElfImage(cut, 'fuzz'), RAM));
  });
});
