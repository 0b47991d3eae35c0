import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BlkreplayFilter, SILENT_LOG } from '../../../../debug-adapter/engine/block/blkreplay.ts';
import { RawImage } from '../../../../debug-adapter/engine/block/raw.ts';
import { bootElf } from '../../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { Machine } from '../../../../debug-adapter/engine/machine/machine.ts';
import { combinedDigest } from '../../../../debug-adapter/engine/machine/machineDigest.ts';
import { ConsoleInput } from '../../../../debug-adapter/engine/recording/inputs/consoleInput.ts';
import { LiveInputs } from '../../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import { guest, SESSION, SMALL_GUESTS } from '../../../support/guests.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { bareMachine } from './bareMachine.ts';
import { randomImage, type RandomImage } from './randomProgram.ts';

/** Translated code is the interpreter's, in other words: whatever is translated, and when, every state is the same. */

const THRESHOLDS = [1, 2, 100, undefined];
const OFF = 0;

interface Run {
  console: string;
  digests: bigint[];
  position: number;
}

/** Runs a guest over two disks, stopping for a digest at each position, to its end. */
function run(name: string, translationThreshold: number | undefined, positions: readonly number[]): Run {
  const drives = ['hd0', 'hd1'].map((id) => {
    const disk = new MemoryFile(`${id}.img`, new Uint8Array(4 << 20));
    return new BlkreplayFilter({ id, device: new RawImage(disk, { writable: true }), log: SILENT_LOG });
  });
  const bytes: number[] = [];
  const machine = new Machine({
    memoryBytes: 16 << 20,
    drives,
    inputs: new LiveInputs([new ConsoleInput(readFileSync(SESSION))]),
    onConsoleByte: (byte) => bytes.push(byte),
    translationThreshold,
  });
  bootElf(machine, { kernel: { name, bytes: readFileSync(guest(name)) } });
  const digest = () => combinedDigest(machine.digestParts());
  const digests = positions.map((position) => {
    machine.run(position);
    return digest();
  });
  machine.run(200_000_000);
  return {
    console: Buffer.from(bytes).toString('latin1'),
    digests: [...digests, digest()],
    position: machine.position,
  };
}

for (const name of [
  ...SMALL_GUESTS.map((small) => `small/${small}`),
  'demo/demo',
  'kernel/oslet',
  'kernel/oslet-clint',
]) {
  test(`${name}: every state is the same, whatever is translated`, (t) => {
    const random = SeededRandom.forTest(t);
    const { position } = run(name, OFF, []);
    const positions = Array.from({ length: 12 }, () => random.below(position)).sort((a, b) => a - b);
    const expected = run(name, OFF, positions);
    for (const threshold of THRESHOLDS) {
      assert.deepEqual(
        run(name, threshold, positions),
        expected,
        `from ${threshold ?? 'the usual number of'} arrivals on`,
      );
    }
  });
}

test('random programs end in the same state, whatever is translated', (t) => {
  const random = SeededRandom.forTest(t);
  for (let round = 0; round < 6; round++) {
    const image = randomImage(random, { blocks: 30, units: 120, iterations: 40 });
    const expected = runImage(image, OFF);
    for (const threshold of [1, 2, 15]) {
      const { regions, ...found } = runImage(image, threshold);
      assert.deepEqual({ ...found, regions: 0 }, expected, `round ${round}, from ${threshold} arrivals on`);
      assert.ok(regions > 30, `${regions} regions were made`);
    }
  }
});

function runImage(image: RandomImage, translationThreshold: number) {
  const machine = bareMachine({ memoryBytes: 128 << 20, translationThreshold });
  bootElf(machine, { kernel: { name: 'random', bytes: image.elf } });
  assert.equal(machine.run(200_000_000).kind, 'finished');
  return {
    printed: machine.printed(),
    position: machine.position,
    digest: combinedDigest(machine.digestParts()),
    regions: machine.hart.regionCount,
  };
}
