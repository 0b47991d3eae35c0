/** A machine with several harts is deterministic, no matter where a run is divided or the state is saved.
 *
 * The machine state contains the scheduler's state, including the current hart.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { decodeState, encodeCbor } from '../../../debug-adapter/engine/base/cbor.ts';
import { bootElf } from '../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { Machine } from '../../../debug-adapter/engine/machine/machine.ts';
import { combinedDigest } from '../../../debug-adapter/engine/machine/machineDigest.ts';
import { LiveInputs } from '../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import { guest } from '../../support/guests.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { some, times } from '../../support/extent.ts';

function machineWith(harts: number, translationThreshold?: number): Machine {
  const options = { memoryBytes: 16 << 20, harts, drives: [], inputs: new LiveInputs([]), translationThreshold };
  const machine = new Machine({ ...options, onConsoleByte: () => {} });
  bootElf(machine, { kernel: { name: 'harts.elf', bytes: readFileSync(guest('harts/harts')) } });
  return machine;
}

const digest = (machine: Machine): bigint => combinedDigest(machine.digestParts());

// Positions within a two-hart run of two million steps.
const COUNT = times({ quick: 10, long: 40 });
const PLACES = Array.from({ length: COUNT }, (_, i) => Math.floor(2_000_120 / COUNT) * (i + 1));

for (const harts of some([2, 4, 8], 1)) {
  suite(`${harts} harts`, () => {
    const straight = machineWith(harts);
    const digests = PLACES.map((location) => (straight.run(location), digest(straight)));
    assert.equal(straight.run(Infinity).kind, 'finished');

    test('every hart executes, one quantum at a time', () => {
      const machine = machineWith(harts);
      const seen = new Set<number>();
      for (let i = 0; i < 20; i++) {
        seen.add(machine.currentHart);
        machine.run(machine.position + 10_000);
      }
      assert.deepEqual([...seen].sort(), [...Array(harts).keys()]);
    });

    test('a run divided into slices of any length reaches the same states as an undivided run', (t) => {
      const random = SeededRandom.forTest(t);
      const machine = machineWith(harts);
      PLACES.forEach((location, i) => {
        while (machine.position < location) {
          const steps = 1 + random.below(random.pick([3, 300, 9_999, 30_000]));
          machine.run(Math.min(location, machine.position + steps));
        }
        assert.equal(digest(machine), digests[i], `at ${location}`);
      });
      assert.equal(machine.run(Infinity).kind, 'finished');
      assert.equal(machine.position, straight.position);
      assert.equal(machine.instructions, straight.instructions);
      assert.equal(digest(machine), digest(straight));
    });

    for (const threshold of [0, 2]) {
      test(`the machine reaches the same states if code is translated ${threshold ? 'early' : 'never'}`, () => {
        const machine = machineWith(harts, threshold);
        PLACES.forEach((location, i) => {
          machine.run(location);
          assert.equal(digest(machine), digests[i], `at ${location}`);
        });
      });
    }

    test('state saved at any position can be loaded, and the machine continues identically', (t) => {
      const random = SeededRandom.forTest(t);
      const machine = machineWith(harts);
      PLACES.forEach((location, i) => {
        const other = machineWith(harts);
        // The machine into which the state is loaded has previously executed other code.
        other.run(random.below(1_500_000));
        machine.run(location - random.below(100_000));
        const state = machine.saveState();
        for (let page = 0; page < machine.ram.pageCount; page++) other.ram.restorePage(page, machine.ram.page(page));
        other.loadState(decodeState(encodeCbor(state)));
        assert.deepEqual(other.saveState(), state);
        other.run(location);
        assert.equal(digest(other), digests[i], `at ${location}`);
      });
    });
  });
}

test('inspecting a hart that is not scheduled leaves the machine unchanged', () => {
  const machine = machineWith(4);
  machine.run(1_234_567);
  const before = digest(machine);
  const state = machine.saveState();
  for (let i = 0; i < 4; i++) {
    const view = machine.harts.view(i, machine.position);
    assert.equal(view.readCsr(0xf14, machine.position), BigInt(i));
    assert.equal(view.slot('PC'), (state[`hart${i}`] as { pc: bigint }).pc);
    assert.equal(view.register(2), (state[`hart${i}`] as { registers: bigint[] }).registers[2]);
  }
  assert.equal(digest(machine), before);
});
