/** Symbol files with the same code form a group, and each query uses the file with the most information. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { groupByCode, openSymbols, type Symbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { compareCode } from '../../../debug-adapter/engine/symbols/compareCode.ts';
import { elfFromCode } from '../../../debug-adapter/engine/symbols/kallsyms/imageElf.ts';
import {
  debugOnly,
  loadedBytes,
  patched,
  stripped,
  withoutDebugInfo,
  withoutSections,
} from '../../support/changedElf.ts';
import { guest } from '../../support/guests.ts';

const CALLS = readFileSync(guest('walks/calls'));
const LINES = readFileSync(guest('walks/lines'));
const IMAGE = readFileSync(guest('image/image'));
const SUM = readFileSync(guest('kernel/user/sum'));
const PRIMES = readFileSync(guest('kernel/user/primes'));

const open = (bytes: Uint8Array, loadBias = 0n) => openSymbols({ name: 'a.elf', bytes, loadBias });
const compared = (one: Uint8Array, other: Uint8Array) => [
  compareCode(open(one), open(other)).kind,
  compareCode(open(other), open(one)).kind,
];

test('files with the same code are recognized even if symbols, sections or debug information are missing', () => {
  for (const other of [stripped(CALLS), withoutSections(CALLS), withoutDebugInfo(CALLS), debugOnly(CALLS), CALLS]) {
    assert.deepEqual(compared(CALLS, other), ['same', 'same']);
  }
  assert.deepEqual(compared(stripped(CALLS), debugOnly(CALLS)), ['same', 'same']);
  assert.deepEqual(compared(withoutSections(CALLS), debugOnly(CALLS)), ['same', 'same']);
});

test('an image has the same code as the ELF file that it was made from, at both its link address and its load address', () => {
  const start = 0xffff_ffff_8020_0000n;
  const loaded = 0x8020_0000n;
  const [image, moved] = [start, loaded].map((address) => open(elfFromCode(loadedBytes(IMAGE), address)));
  for (const vmlinux of [IMAGE, stripped(IMAGE), debugOnly(IMAGE)]) {
    assert.equal(compareCode(image, open(vmlinux)).kind, 'same');
    assert.equal(compareCode(moved, open(vmlinux, loaded - start)).kind, 'same');
    assert.equal(compareCode(moved, open(vmlinux)).kind, 'apart');
  }
});

test('comparing two files reports the first address at which their code differs, or that they have no addresses in common', () => {
  const changed = compareCode(open(CALLS), open(patched(CALLS, 0x8000_0ea0n)));
  assert.deepEqual(changed, { kind: 'different', address: 0x8000_0ea0n });
  assert.deepEqual(compared(CALLS, LINES), ['different', 'different']);
  assert.deepEqual(compared(debugOnly(CALLS), LINES), ['different', 'different']);
  assert.deepEqual(compared(SUM, PRIMES), ['different', 'different']);
  assert.deepEqual(compared(SUM, CALLS), ['apart', 'apart']);
});

test('overlapping sections are compared only once, so even a damaged file takes only time proportional to its size', () => {
  const copy = new Uint8Array(CALLS);
  const view = new DataView(copy.buffer);
  const headers = Number(view.getBigUint64(40, true));
  // Marks .rodata as code at the address of .text.
  view.setBigUint64(headers + 2 * 64 + 8, 6n, true);
  view.setBigUint64(headers + 2 * 64 + 16, 0x8000_0000n, true);
  assert.equal(open(copy).code.length, 1);
});

test('a query uses the file with the most debug information, regardless of the order of the files in the group', () => {
  const files = [stripped(CALLS), withoutDebugInfo(CALLS), CALLS];
  for (const order of [files, [...files].reverse(), [files[1], files[2], files[0]]]) {
    const groups = groupByCode(order.map((bytes) => ({ symbols: open(bytes), isBooted: bytes === files[0] })));
    assert.equal(groups.length, 1);
    const [group] = groups;
    assert.equal(group.isBooted, true);
    const addresses = group.addressesOfFunction('fibonacci');
    assert.deepEqual(addresses, open(CALLS).functionsNamed('fibonacci').map(open(CALLS).breakpointAddress));
    assert.equal(group.fileAt(addresses[0]).lineAt(addresses[0])?.file.name, 'calls.c');
    assert.equal(group.addressesOfLine('walks/calls.c', 23)?.addresses.length, 1);
    assert.deepEqual(group.addressesOfFunction('nodes'), [], 'breakpoints are not set on data');
  }
});

test('a different build of the booted file can be loaded, and is used for the functions whose code is the same in both builds', () => {
  const other = patched(CALLS, 0x8000_0ea0n);
  const groups = groupByCode([
    { symbols: open(other), isBooted: false },
    { symbols: open(stripped(CALLS)), isBooted: true },
    { symbols: open(SUM), isBooted: false },
  ]);
  const [given, bootedGroup, program] = groups;
  assert.deepEqual(given.otherBuildOf, { bootedGroup, address: 0x8000_0ea0n });
  assert.equal(given.canRun(given.addressesOfFunction('fibonacci')[0]), false);
  assert.equal(given.canRun(given.addressesOfFunction('ackermann')[0]), true);
  assert.equal(program.otherBuildOf, undefined);
  assert.equal(program.canRun(program.addressesOfFunction('main')[0]), true);
});

test('a difference is found at every offset, with any alignment', () => {
  const fileOf = (bytes: Uint8Array, address: bigint) =>
    ({ code: [{ name: '.text', address, sizeBytes: BigInt(bytes.length), bytes }] }) as unknown as Symbols;
  const bytes = Uint8Array.from({ length: 43 }, (_, i) => i);
  for (let start = 0; start < 9; start++) {
    const one = fileOf(bytes.subarray(start), BigInt(start));
    assert.deepEqual(compareCode(one, fileOf(bytes.slice(), 0n)), { kind: 'same' });
    for (let i = start; i < bytes.length; i++) {
      const other = bytes.slice();
      other[i] ^= 0x80;
      assert.deepEqual(compareCode(one, fileOf(other, 0n)), { kind: 'different', address: BigInt(i) });
    }
  }
});
