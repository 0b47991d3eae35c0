/** A machine's digest depends on every byte and field of its state, and on nothing else. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { State, StateValue } from '../../../debug-adapter/engine/base/state.ts';
import { BlkreplayFilter, NULL_REQUEST_LOG } from '../../../debug-adapter/engine/block/blkreplay.ts';
import { RawImage } from '../../../debug-adapter/engine/block/raw.ts';
import { bootElf } from '../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { Machine } from '../../../debug-adapter/engine/machine/machine.ts';
import { combinedDigest } from '../../../debug-adapter/engine/machine/machineDigest.ts';
import { LiveInputs } from '../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import { MemoryFile } from '../../support/memoryFile.ts';

/** A machine in the middle of the demo guest's run: the timer is armed and disk requests are in flight. */
function machineInMidRun(position = 1_200_000): { machine: Machine; disk: MemoryFile } {
  const disk = new MemoryFile('disk.img');
  disk.writeAt(0, new Uint8Array(4 << 20));
  const filter = new BlkreplayFilter({
    id: 'hd0',
    device: new RawImage(disk, { writable: true }),
    log: NULL_REQUEST_LOG,
  });
  const machine = new Machine({
    memoryBytes: 16 << 20,
    drives: [filter],
    inputs: new LiveInputs([]),
    onConsoleByte: () => {},
  });
  const name = 'demo.elf';
  bootElf(machine, { kernel: { name, bytes: readFileSync(`test/guests/demo/${name}`) } });
  machine.run(position);
  return { machine, disk };
}

const digest = (machine: Machine): bigint => combinedDigest(machine.digestParts());

/** Yields every scalar value in a state, together with its path. */
function* leaves(state: StateValue, path: string[] = []): Generator<{ path: string[]; value: StateValue }> {
  if (typeof state === 'object' && !(state instanceof Uint8Array)) {
    for (const [name, value] of Object.entries(state)) yield* leaves(value, [...path, name]);
  } else yield { path, value: state };
}

function changed(value: StateValue): StateValue[] {
  switch (typeof value) {
    case 'number':
      return [value === Infinity ? 12345 : value + 1];
    case 'bigint':
      // Changes each byte of a register in turn, since the digest must depend on every one.
      return Array.from({ length: 8 }, (_, byte) => value ^ (1n << BigInt(8 * byte)));
    case 'boolean':
      return [!value];
    case 'string':
      return [];
    default:
      return [...(value as Uint8Array)].map((_, i) =>
        (value as Uint8Array).map((byte, k) => (k === i ? byte ^ 1 : byte)),
      );
  }
}

function withChange(state: State, path: string[], value: StateValue): State {
  const copy = structuredClone(state);
  let at: Record<string, StateValue> = copy;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, StateValue>;
  at[path.at(-1)!] = value;
  return copy;
}

test('a digest depends on every byte of RAM', () => {
  const { machine } = machineInMidRun();
  const before = digest(machine);
  const { base, lengthBytes } = machine.ram;
  for (const offset of [0, 1, 4095, 4096, lengthBytes / 2 + 7, lengthBytes - 1]) {
    const byte = new Uint8Array(1);
    machine.ram.read(base + offset, byte);
    machine.ram.write(base + offset, Uint8Array.of(byte[0] ^ 0x10));
    assert.notEqual(digest(machine), before, `byte ${offset}`);
    machine.ram.write(base + offset, byte);
    assert.equal(digest(machine), before, 'the digest depends on nothing but the contents');
  }
});

test('a digest depends on every field of the hart, the devices and the block filter', () => {
  const { machine } = machineInMidRun();
  const before = digest(machine);
  const state = machine.saveState();
  const covered = new Set<string>();
  for (const { path, value } of leaves(state)) {
    // The version number is skipped, since the digest does not depend on it.
    if (path[0] === 'version') continue;
    // The recent console output is not in the digest: only console breakpoints need it, and older recordings do not
    // contain it.
    if (path[0] === 'recentOutput') continue;
    for (const other of changed(value)) {
      const altered = withChange(state, path, other);
      machine.saveState = () => altered;
      assert.notEqual(digest(machine), before, path.join('.'));
      covered.add(path.slice(0, 2).join('.'));
    }
  }
  for (const part of ['hart0.pc', 'hart0.registers', 'devices.clint', 'devices.plic', 'devices.uart0', 'drives.hd0']) {
    assert.ok(covered.has(part), `${part} was changed`);
  }
});

test('a digest depends on every byte that the guest can read on a drive', () => {
  const { machine, disk } = machineInMidRun();
  for (const offset of [0, 511, 512, 65535, 65536, (4 << 20) - 1]) {
    const { machine: other, disk: otherDisk } = machineInMidRun(0);
    const { machine: same } = machineInMidRun(0);
    otherDisk.writeAt(offset, Uint8Array.of(0x40));
    assert.notEqual(digest(other), digest(same), `byte ${offset}`);
  }
  assert.ok(disk.length() === 4 << 20);
  const before = digest(machine);
  machine.run(machine.position + 3_000_000);
  assert.notEqual(digest(machine), before);
});

test('a machine that loads the saved state of another machine continues identically', () => {
  const { machine, disk } = machineInMidRun();
  const { machine: copy, disk: copyOfDisk } = machineInMidRun(0);
  for (let page = 0; page < machine.ram.pageCount; page++) copy.ram.restorePage(page, machine.ram.page(page).slice());
  const bytes = new Uint8Array(disk.length());
  disk.readAt(0, bytes);
  copyOfDisk.writeAt(0, bytes);
  copy.loadState(machine.saveState());
  assert.deepEqual(copy.saveState(), machine.saveState());
  assert.equal(digest(copy), digest(machine));
  for (const steps of [1, 10, 1000, 500_000]) {
    machine.run(machine.position + steps);
    copy.run(copy.position + steps);
    assert.equal(digest(copy), digest(machine), `after ${steps} more steps`);
  }
});
