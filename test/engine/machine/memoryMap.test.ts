/** The bus, the device tree and the firmware use the same addresses for the board's devices. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { HARTS_MAX } from '../../../debug-adapter/engine/base/limits.ts';
import { buildDeviceTree } from '../../../debug-adapter/engine/machine/boot/deviceTree.ts';
import { LEGACY_ISA } from '../../../debug-adapter/engine/machine/cpu/extensions.ts';
import { MEMORY_MAP, RAM_BASE } from '../../../debug-adapter/engine/machine/memoryMap.ts';
import { bareMachine } from './cpu/bareMachine.ts';

const FIRMWARE = path.resolve(import.meta.dirname, '../../../debug-adapter/engine/machine/boot/firmware');
const source = (name: string) => readFileSync(path.join(FIRMWARE, name), 'utf8');

const ranges = () => Object.values(MEMORY_MAP).flat();

test('the address ranges of the devices are below RAM, do not overlap, and share no interrupt source', () => {
  const inOrder = ranges().sort((a, b) => a.base - b.base);
  inOrder.forEach(({ base, lengthBytes, registerBytes }, i) => {
    assert.ok(registerBytes > 0 && registerBytes <= lengthBytes);
    assert.ok(base + lengthBytes <= (inOrder[i + 1]?.base ?? RAM_BASE), base.toString(16));
  });
  const sources = ranges().flatMap((range) => ('source' in range ? [range.source] : []));
  assert.equal(sources.length, 10);
  assert.equal(new Set(sources).size, sources.length);
});

test("each range has one device on the bus, which covers exactly the device's registers", () => {
  const { board } = bareMachine();
  const byBase = (rows: [number, number][]) => rows.sort(([a], [b]) => a - b);
  assert.deepEqual(
    byBase(board.map.map(({ base, lengthBytes }) => [base, lengthBytes])),
    byBase(ranges().map(({ base, registerBytes }) => [base, registerBytes])),
  );
  for (const { base } of ranges()) assert.notEqual(board.read(base, 4), undefined, base.toString(16));
});

test('the bus and the device tree have the same devices', () => {
  const nodes = new TextDecoder('latin1').decode(buildDeviceTree({ memoryBytes: 16 << 20 }));
  const unitAddresses = [...nodes.matchAll(/[a-z_]+@([0-9a-f]{2,})\0/g)].map(([, digits]) => parseInt(digits, 16));
  const expected = [RAM_BASE, ...ranges().map(({ base }) => base)].filter((base) => base !== MEMORY_MAP.rom.base);
  assert.deepEqual(
    [...new Set(unitAddresses)].sort((a, b) => a - b),
    expected.sort((a, b) => a - b),
  );
});

test("the built-in firmware uses the board's addresses and supports the board's maximum number of harts", () => {
  const header = source('firmware.h');
  const address = (macro: string) => Number(new RegExp(`define ${macro}\\(?.*?(0x[0-9a-f]+)UL`).exec(header)?.[1]);
  assert.deepEqual(['RAM', 'FINISHER', 'CLINT_MSIP', 'CLINT_TIMECMP', 'UART'].map(address), [
    RAM_BASE,
    MEMORY_MAP.testDevice.base,
    MEMORY_MAP.clint.base,
    MEMORY_MAP.clint.base + 0x4000,
    MEMORY_MAP.uart.base,
  ]);
  const linked = [...source('firmware.ld').matchAll(/0x[0-9a-f]+/g)].map(([digits]) => Number(digits));
  assert.deepEqual(linked, [RAM_BASE, RAM_BASE]);
  assert.equal(Number(/-DHARTS_MAX=(\d+)/.exec(source('build.sh'))?.[1]), HARTS_MAX);
});

test('the device tree of the oldest recorded machines never changes, because a replay rebuilds it', () => {
  const hash = createHash('sha256');
  for (const harts of [1, 3, 8]) {
    const machine = { memoryBytes: 128 << 20, harts, isa: LEGACY_ISA, mmu: 'sv39' } as const;
    hash.update(buildDeviceTree({ ...machine, bootargs: 'root=/dev/vda', rngSeed: new Uint8Array(32) }));
    hash.update(buildDeviceTree({ ...machine, initrd: { start: 0x8400_0000, end: 0x8400_1000 } }));
    hash.update(buildDeviceTree({ ...machine, reserved: { start: 0x8000_0000, lengthBytes: 0x4_0000 } }));
  }
  assert.equal(hash.digest('hex'), '7db434a398e7fda311dbc60db86824772317323d39ee5db607c875cf1d82c51f');
});
