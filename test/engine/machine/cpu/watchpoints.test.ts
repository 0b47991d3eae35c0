/** Even in translated code, watchpoints report exactly the accesses and changes that single-stepping finds. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BlkreplayFilter, NULL_REQUEST_LOG } from '../../../../debug-adapter/engine/block/blkreplay.ts';
import { RawImage } from '../../../../debug-adapter/engine/block/raw.ts';
import { bootElf } from '../../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { RegionCache } from '../../../../debug-adapter/engine/machine/cpu/translator/regionCache.ts';
import { ArmedStopPoints } from '../../../../debug-adapter/engine/machine/armedStopPoints.ts';
import type { Watchpoint } from '../../../../debug-adapter/engine/target/stopPoints.ts';
import { guest } from '../../../support/guests.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { a, ATOMICS, type Item } from './assembler.ts';
import { bareMachine, type BareMachine, machineWith, steps, words } from './bareMachine.ts';
import { DATA } from './randomAtomics.ts';
import { compareHits } from './randomWatchpoints.ts';
import { some } from '../../../support/extent.ts';

const NONE = { breakpoints: new Set<bigint>(), watchpoints: [] };

for (const harts of some([1, 4], 1)) {
  for (const isPaged of [false, true]) {
    test(`${harts} harts, addresses ${isPaged ? 'translated' : 'untranslated'}: hits in random programs match single-stepping`, (t) => {
      compareHits(SeededRandom.forTest(t), { harts, isPaged, rounds: 1, steps: 1000 });
    });
  }
}

// --- changes -----------------------------------------------------------------------------------------------------------

const change = (address: number, lengthBytes = 4): Watchpoint => ({ id: 1, address, lengthBytes, access: 'change' });

test('neither a write of the same value nor a write that is reverted in the same step is a change', () => {
  const program = [
    a.sw(6, 0, 5),
    a.sw(0, 0, 5),
    a.sw(0, 0, 5),
    ATOMICS['amoadd.w'](7, 0, 5),
    a.sb(6, 3, 5),
    a.jal(0, 0),
  ];
  const machine = machineWith(program);
  machine.hart.setRegister(5, BigInt(DATA));
  machine.hart.setRegister(6, 1n);
  machine.ram.write(DATA, words(1n));
  machine.setStopPoints({ breakpoints: new Set(), watchpoints: [change(DATA)] });
  const stops = [0, 1].map(() => ({ kind: machine.run(100).kind, position: machine.position }));
  assert.deepEqual(stops, [
    { kind: 'hit', position: 2 },
    { kind: 'hit', position: 5 },
  ]);
  // Two writes between two steps, like those of a device.
  machine.ram.write(DATA, words(7n));
  machine.ram.write(DATA, words(0x0100_0000n));
  assert.equal(machine.run(100).kind, 'reached');
});

test('a change watchpoint reports data that a virtio-blk device writes to RAM, if it differs from the old data', (t) => {
  const open = (): BareMachine => {
    const bytes = Uint8Array.from({ length: 4 << 20 }, (_, i) => i * 7);
    const device = new RawImage(new MemoryFile('disk.img', bytes), { writable: true });
    const drive = new BlkreplayFilter({ id: 'hd0', device, log: NULL_REQUEST_LOG });
    const machine = bareMachine({ memoryBytes: 32 << 20, drives: [drive] });
    bootElf(machine, { kernel: { name: 'demo', bytes: readFileSync(guest('demo/demo')) } });
    return machine;
  };
  const end = 400_000;
  const observed = open();
  const writes: { address: number; position: number }[] = [];
  const write = observed.ram.write.bind(observed.ram);
  t.mock.method(observed.ram, 'write', (address: number, from: Uint8Array) => {
    const old = observed.ram.bytesAt(address, from.length).slice();
    if (old.some((byte, i) => byte !== from[i])) writes.push({ address, position: observed.position });
    write(address, from);
  });
  observed.run(end);
  assert.ok(writes.length > 0, 'a device has written');
  const { address, position } = writes[0];
  const machine = open();
  machine.setStopPoints({ breakpoints: new Set(), watchpoints: [change(address, 64)] });
  const positions: number[] = [];
  while (machine.position < end) {
    const stop = machine.run(end);
    if (stop.kind === 'hit') positions.push(stop.hits[0].position);
  }
  assert.ok(positions.includes(position), `${position} is one of ${positions.join()}`);
});

// --- cost --------------------------------------------------------------------------------------------------------------

/** Enough steps for a loop to become hot, be translated, and be found to access watched pages. */
const WARM_UP = 3_000_000;

/**
 * A machine that repeats the program in a loop, with DATA in x5, 1 in x6, and the address of the word after the watched
 * one in x10.
 */
function looping(program: Item[]): BareMachine {
  const machine = machineWith([...program, a.jal(0, -4 * program.length)]);
  machine.hart.setRegister(5, BigInt(DATA));
  machine.hart.setRegister(6, 1n);
  machine.hart.setRegister(10, BigInt(DATA + 8));
  machine.ram.write(DATA, words(1n));
  return machine;
}

const CHEAP: Record<string, Item[]> = {
  'another word': [a.addi(7, 7, 1), a.sd(7, 8, 5)],
  'the adjacent word': [a.addi(7, 7, 1), a.sw(7, 4, 5)],
  'a frame around the word': [a.addi(7, 7, 1), a.sd(7, 8, 5), a.ld(8, 16, 5), a.sd(8, 24, 5), a.lw(9, 0, 5)],
  'an AMO beside the word': [ATOMICS['amoadd.d'](7, 6, 10)],
  'the same value': [a.sw(6, 0, 5)],
  'the same value by an AMO': [ATOMICS['amoswap.w'](7, 6, 5)],
  'the same value by an SC': [a.lrW(7, 5), a.scW(8, 7, 5)],
};

for (const [name, program] of Object.entries(CHEAP)) {
  test(`with a change watchpoint, a loop that writes ${name} stays in translated code`, (t) => {
    const machine = looping(program);
    steps(machine, WARM_UP);
    machine.setStopPoints({ breakpoints: new Set(), watchpoints: [change(DATA)] });
    assert.equal(steps(machine, WARM_UP).kind, 'reached');
    const { mock } = t.mock.method(ArmedStopPoints.prototype, 'watched');

    const tagged = machine.hart.slot('TAGGED_ACCESSES');
    assert.equal(steps(machine, 1_000_000).kind, 'reached');
    assert.ok(mock.callCount() < 10, `${mock.callCount()} calls`);
    const slow = machine.hart.slot('TAGGED_ACCESSES') - tagged;
    assert.ok(slow < 100n, `${slow} accesses on the slow path`);
  });
}

test('a loop that was left in the middle is translated again from its head', (t) => {
  const { mock } = t.mock.method(RegionCache.prototype, 'add');
  const machine = looping([a.ld(7, 8, 5), a.addi(7, 7, 1), a.sd(7, 8, 5)]);
  machine.setStopPoints({ breakpoints: new Set(), watchpoints: [change(DATA)] });
  steps(machine, WARM_UP);
  const added = mock.calls.map(({ arguments: [region] }) => region);
  assert.deepEqual([added[0].inPlace, added.at(-1)?.inPlace], ['untagged', 'besideWatched']);
  assert.ok(new Set(added.map(({ entry }) => entry)).size > 1, 'a region started in the middle');
  assert.equal(added.at(-1)!.entry, added[0].entry);
});

test('watchpoints that are removed and set again between two runs cost no translation', (t) => {
  const machine = looping(CHEAP['the same value by an AMO']);
  const points = { breakpoints: new Set<bigint>(), watchpoints: [change(DATA)] };
  machine.setStopPoints(points);
  steps(machine, WARM_UP);
  const { mock } = t.mock.method(WebAssembly, 'Module');
  const tagged = machine.hart.slot('TAGGED_ACCESSES');
  for (let i = 0; i < 100; i++) {
    machine.setStopPoints(NONE);
    machine.setStopPoints(points);
    steps(machine, 10_000);
  }
  assert.equal(mock.callCount(), 0);
  // Setting watchpoints flushes the TLBs, so each run begins with a few accesses on the slow path.
  assert.ok(machine.hart.slot('TAGGED_ACCESSES') - tagged < 1000n);
});

test('with a read watchpoint, a loop that reads another word stays in translated code', (t) => {
  const machine = looping([a.ld(7, 8, 5), a.lw(8, 4, 5)]);
  machine.setStopPoints({
    breakpoints: new Set(),
    watchpoints: [{ id: 1, address: DATA, lengthBytes: 4, access: 'read' }],
  });
  assert.equal(steps(machine, WARM_UP).kind, 'reached');
  const tagged = machine.hart.slot('TAGGED_ACCESSES');
  const { mock } = t.mock.method(ArmedStopPoints.prototype, 'watched');
  assert.equal(steps(machine, 1_000_000).kind, 'reached');
  assert.equal(mock.callCount(), 0);
  assert.ok(machine.hart.slot('TAGGED_ACCESSES') - tagged < 100n);
});

test('watchpoints on other pages, and watchpoints that have been removed, do not change how code is translated', (t) => {
  const regionsOf = (act: (machine: BareMachine) => void): string[] => {
    const { mock } = t.mock.method(WebAssembly, 'Module');
    act(looping(CHEAP['another word']));
    const modules = mock.calls.map(({ arguments: [bytes] }) => Buffer.from(bytes as Uint8Array).toString('hex'));
    mock.restore();
    return modules;
  };
  const plain = regionsOf((machine) => void steps(machine, WARM_UP));
  assert.ok(plain.length > 0);
  const elsewhere = regionsOf((machine) => {
    machine.setStopPoints({ breakpoints: new Set(), watchpoints: [change(DATA + 0x4000)] });
    steps(machine, WARM_UP);
  });
  assert.deepEqual(elsewhere, plain);
  const removed = regionsOf((machine) => {
    machine.setStopPoints({ breakpoints: new Set(), watchpoints: [change(DATA)] });
    steps(machine, WARM_UP);
    machine.setStopPoints(NONE);
    steps(machine, WARM_UP);
  });
  assert.notEqual(removed.at(-2), plain.at(-1));
  assert.equal(removed.at(-1), plain.at(-1));
});
