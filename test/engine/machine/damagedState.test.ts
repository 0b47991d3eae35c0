/** A machine rejects a damaged state with a StateError that names the field, and stays unchanged. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { State, StateValue } from '../../../debug-adapter/engine/base/state.ts';
import { StateError } from '../../../debug-adapter/engine/base/stateCodec.ts';
import { BlkreplayFilter, NULL_REQUEST_LOG } from '../../../debug-adapter/engine/block/blkreplay.ts';
import { RawImage } from '../../../debug-adapter/engine/block/raw.ts';
import type { DeviceGeneration } from '../../../debug-adapter/engine/machine/board.ts';
import { bootElf } from '../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { Machine } from '../../../debug-adapter/engine/machine/machine.ts';
import { LiveInputs } from '../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import { guest } from '../../support/guests.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { some } from '../../support/extent.ts';

/** A machine with one of every device. */
function newMachine(devices: DeviceGeneration): Machine {
  const device = new RawImage(new MemoryFile('disk.img', new Uint8Array(4 << 20)), { writable: true });
  const drive = new BlkreplayFilter({ id: 'hd0', device, log: NULL_REQUEST_LOG });
  const options = { memoryBytes: 32 << 20, harts: 2, drives: [drive], rng: true, semihosting: true, devices };
  return new Machine({ ...options, inputs: new LiveInputs([]), onConsoleByte: () => {} });
}

/** A state with disk requests in flight. */
function busyState(devices: DeviceGeneration): State {
  const machine = newMachine(devices);
  const name = 'demo/demo';
  bootElf(machine, { kernel: { name, bytes: readFileSync(guest(name)) } });
  const [disk] = machine.board.disks;
  while (disk.deadline() === Infinity && machine.position < 8_000_000) machine.run(machine.position + 3);
  assert.notEqual(disk.deadline(), Infinity, 'a request is in flight');
  return machine.saveState();
}

for (const devices of some(['current', 'before5'] as const, 1)) {
  const state = busyState(devices);

  test(`with ${devices} devices, a value of the wrong type in any field is rejected with an error that names the field`, () => {
    const machine = newMachine(devices);
    const before = machine.saveState();
    let count = 0;
    const otherType = (value: StateValue): StateValue[] => [typeof value === 'boolean' ? 'damaged' : true];
    for (const { name, damaged } of damagedStates(state, otherType)) {
      const error = errorFrom(() => machine.loadState(damaged));
      assert.ok(error instanceof StateError, name);
      assert.ok(error.message.includes(`"${name}"`), `${error.message} names ${name}`);
      count++;
    }
    assert.ok(count > 300, `${count} fields`);
    assert.deepEqual(machine.saveState(), before);
  });

  test(`with ${devices} devices, any value of the same type in any field is either loaded or rejected`, () => {
    const machine = newMachine(devices);
    for (const { name, damaged } of damagedStates(state, otherValues)) {
      const error = errorFrom(() => {
        machine.loadState(damaged);
        machine.saveState();
      });
      assert.ok(error === undefined || error instanceof StateError, `${name}: ${String(error)}`);
    }
  });
}

function otherValues(value: StateValue): StateValue[] {
  switch (typeof value) {
    case 'number':
      return [-1, 7, 2 ** 52, Infinity, 0.5];
    case 'bigint':
      return [-1n, 1n << 63n, 1n << 70n];
    case 'boolean':
      return [!value];
    default:
      return ['damaged'];
  }
}

/** Yields copies of the state, each with one scalar value replaced. */
function* damagedStates(
  value: StateValue,
  replacements: (value: StateValue) => StateValue[],
  within: (value: StateValue) => StateValue = (now) => now,
  name = '',
): Generator<{ name: string; damaged: State }> {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      yield* damagedStates(item, replacements, (now) => within(value.with(i, now)), `${name}[${i}]`);
    }
  } else if (typeof value === 'object' && !(value instanceof Uint8Array)) {
    for (const [field, inner] of Object.entries(value)) {
      const path = name ? `${name}.${field}` : field;
      yield* damagedStates(inner, replacements, (now) => within({ ...value, [field]: now }), path);
    }
  } else {
    for (const now of replacements(value)) yield { name, damaged: within(now) as State };
  }
}

function errorFrom(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
