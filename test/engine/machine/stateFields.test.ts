/** The layout of saved state is the one listed for its version, and state survives saving and loading.
 *
 * `stateFields.json` lists the name and type of every field for the current version. When adding, removing or changing
 * a field, increment MACHINE_STATE_VERSION in the same commit and rewrite the list with `UPDATE_STATE_FIELDS=1 npm run
 * test:one -- test/engine/machine/stateFields.test.ts`.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { decodeState, encodeCbor } from '../../../debug-adapter/engine/base/cbor.ts';
import type { State, StateValue } from '../../../debug-adapter/engine/base/state.ts';
import { BlkreplayFilter, NULL_REQUEST_LOG } from '../../../debug-adapter/engine/block/blkreplay.ts';
import { RawImage } from '../../../debug-adapter/engine/block/raw.ts';
import { bootElf } from '../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { Machine } from '../../../debug-adapter/engine/machine/machine.ts';
import { MACHINE_STATE_VERSION } from '../../../debug-adapter/engine/machine/machineState.ts';
import { LiveInputs } from '../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import { guest } from '../../support/guests.ts';
import { MemoryFile } from '../../support/memoryFile.ts';

const LIST = path.join(import.meta.dirname, 'stateFields.json');

/** A machine with one of every device, for states with disk requests in flight and a pending request for entropy. */
function busyMachine(harts = 1): Machine {
  const disk = new MemoryFile('disk.img', new Uint8Array(4 << 20));
  const drive = new BlkreplayFilter({
    id: 'hd0',
    device: new RawImage(disk, { writable: true }),
    log: NULL_REQUEST_LOG,
  });
  const options = { memoryBytes: 32 << 20, harts, drives: [drive], rng: true, inputs: new LiveInputs([]) };
  return new Machine({ ...options, onConsoleByte: () => {} });
}

function boot(machine: Machine, name: string): Machine {
  bootElf(machine, { kernel: { name, bytes: readFileSync(guest(name)) } });
  return machine;
}

/** Two states of running machines: one with a disk request in flight and one with a pending request for entropy. */
function statesOnTheWay(): { machine: Machine; state: State; seen: string; harts: number }[] {
  return [
    { name: 'demo/demo', seen: 'virtio0', harts: 1 },
    { name: 'small/outside', seen: 'virtio7', harts: 2 },
  ].map(({ name, seen, harts }) => {
    const machine = boot(busyMachine(harts), name);
    const device = machine.board.timed.find((timed) => timed.name === seen)!;
    while (device.deadline() === Infinity && machine.position < 8_000_000) machine.run(machine.position + 3);
    assert.notEqual(device.deadline(), Infinity, `${name} waits for ${seen}`);
    return { machine, state: machine.saveState(), seen, harts };
  });
}

/** One line for each field, such as `devices.clint.compares[]: bigint`, in the order of the state. */
function fieldsOf(value: StateValue, name = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => fieldsOf(item, `${name}[]`));
  if (value instanceof Uint8Array) return [`${name}: bytes`];
  if (typeof value !== 'object') return [`${name}: ${typeof value}`];
  return Object.entries(value).flatMap(([field, inner]) => fieldsOf(inner, name ? `${name}.${field}` : field));
}

const states = statesOnTheWay();

test('the fields of saved state are the ones listed for its version', () => {
  const fields = [...new Set(states.flatMap(({ state }) => fieldsOf(state)))].sort();
  const now = { version: MACHINE_STATE_VERSION, fields };
  if (process.env.UPDATE_STATE_FIELDS) writeList(now);
  const listed = JSON.parse(readFileSync(LIST, 'utf8')) as typeof now;
  assert.deepEqual(
    fields,
    listed.fields,
    'the layout of saved state differs from the list: increment MACHINE_STATE_VERSION and rewrite the list',
  );
  assert.equal(listed.version, MACHINE_STATE_VERSION, 'the list is for a different version: update it');
});

for (const { machine, state, seen, harts } of states) {
  test(`saving, loading and saving again preserves every device and hart while ${seen} is busy`, () => {
    const other = busyMachine(harts);
    other.loadState(decodeState(encodeCbor(state)));
    const again = other.saveState();
    for (const [name, device] of Object.entries(state.devices as State)) {
      assert.deepEqual((again.devices as State)[name], device, name);
    }
    assert.deepEqual(again, state);
    machine.run(machine.position + 100_000);
    assert.deepEqual(other.saveState(), state, 'the loaded state is a copy');
  });
}

/** Writes the list of fields. It never overwrites a list that has different fields for the same version. */
function writeList(now: { version: number; fields: string[] }): void {
  let before: { version: number; fields: string[] } | undefined;
  try {
    before = JSON.parse(readFileSync(LIST, 'utf8')) as typeof now;
  } catch {
    before = undefined;
  }
  const isSameVersion = before?.version === now.version;
  if (isSameVersion)
    assert.deepEqual(now.fields, before?.fields, 'changed fields need a new MACHINE_STATE_VERSION first');
  writeFileSync(LIST, JSON.stringify(now, null, 2) + '\n');
}
