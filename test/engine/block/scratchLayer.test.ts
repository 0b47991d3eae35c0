/** The scratch layer stores all writes, and captured states share its map and the slots in its file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockDevice } from '../../../debug-adapter/engine/block/blockDevice.ts';
import { ScratchLayer, type ScratchState } from '../../../debug-adapter/engine/block/scratchLayer.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { assertSameBytes, filled, KIB, rawImage, readAll } from './qcow2/support.ts';
import { longTest } from '../../support/extent.ts';

const inert = {
  ...{ readOnly: true, write() {}, writeZeroes() {}, flush() {}, close() {} },
  dataRanges: (offset: number, lengthBytes: number) => [{ offset, lengthBytes }],
};

test('writes are visible through the layer and never reach the underlying device', () => {
  const lower = rawImage(filled(100 * KIB, 7));
  const scratch = new MemoryFile('scratch');
  const layer = new ScratchLayer({ lower, scratch });
  layer.write(5000, filled(10_000, 1));
  layer.writeZeroes(50_000, 20_000);
  assertSameBytes(
    readAll(layer),
    filled(100 * KIB, 7)
      .fill(1, 5000, 15_000)
      .fill(0, 50_000, 70_000),
  );
  assertSameBytes(readAll(lower), filled(100 * KIB, 7));
});

test('reset drops all writes and replaces the underlying device', () => {
  const scratch = new MemoryFile('scratch');
  const layer = new ScratchLayer({ lower: rawImage(filled(100 * KIB, 7)), scratch });
  layer.write(0, filled(50 * KIB, 1));
  layer.reset(rawImage(filled(100 * KIB, 8)));
  assertSameBytes(readAll(layer), filled(100 * KIB, 8));
  assert.equal(scratch.length(), 0);
});

test('a large disk can be discarded quickly as a whole, and parts of it can be written again', () => {
  const GIB = 1024 * 1024 * KIB;
  const lower: BlockDevice = {
    ...inert,
    name: 'large',
    lengthBytes: 64 * GIB + 512,
    read: (_, into) => void into.fill(7),
  };
  const layer = new ScratchLayer({ lower, scratch: new MemoryFile('scratch') });
  layer.writeZeroes(512, 64 * GIB);
  layer.write(40 * GIB, filled(512, 1));
  const read = (offset: number) => {
    const sectors = new Uint8Array(1024);
    layer.read(offset, sectors);
    return sectors;
  };
  assertSameBytes(read(0), new Uint8Array(1024).fill(7, 0, 512));
  assertSameBytes(read(40 * GIB), new Uint8Array(1024).fill(1, 0, 512));
  assertSameBytes(read(64 * GIB - 512), new Uint8Array(1024));
});

test('a 64 KiB request takes one file call', () => {
  const scratch = new MemoryFile('scratch');
  const layer = new ScratchLayer({ lower: rawImage(new Uint8Array(1024 * KIB)), scratch });
  for (let at = 0; at < 1024 * KIB; at += 64 * KIB) layer.write(at, filled(64 * KIB, 1));
  assert.equal(scratch.calls.writes, 16);
  readAll(layer);
  assert.equal(scratch.calls.reads, 1);
});

test('random requests give the same results as on a plain array', (t) => {
  const random = SeededRandom.forTest(t);
  const expected = random.bytes(150 * KIB + 512);
  const layer = new ScratchLayer({ lower: rawImage(expected), scratch: new MemoryFile('scratch') });
  for (let step = 0; step < 2000; step++) {
    const offset = random.below(expected.length);
    const length = 1 + random.below(Math.min(20_000, expected.length - offset));
    const dice = random.below(10);
    if (dice < 5) {
      layer.write(offset, filled(length, step));
      expected.fill(step, offset, offset + length);
    } else if (dice < 7) {
      layer.writeZeroes(offset, length);
      expected.fill(0, offset, offset + length);
    } else {
      const read = new Uint8Array(length);
      layer.read(offset, read);
      assertSameBytes(read, expected.subarray(offset, offset + length));
    }
  }
  assertSameBytes(readAll(layer), expected);
});

test('long zeroed ranges, writes into them and captured states give the same results as on a plain array', (t) => {
  const random = SeededRandom.forTest(t);
  const diskBytes = 9 * 1024 * KIB + 512;
  const lower = rawImage(filled(diskBytes, 7));
  const layer = new ScratchLayer({ lower, scratch: new MemoryFile('scratch') });
  let expected = filled(diskBytes, 7);
  let captured = { state: layer.capture(), bytes: expected.slice() };
  for (let step = 0; step < 150; step++) {
    const offset = random.below(diskBytes);
    const dice = random.below(10);
    if (dice < 4) {
      const length = 1 + random.below(Math.min(random.pick([5000, diskBytes]), diskBytes - offset));
      layer.writeZeroes(offset, length);
      expected.fill(0, offset, offset + length);
    } else if (dice < 8) {
      const length = 1 + random.below(Math.min(20_000, diskBytes - offset));
      layer.write(offset, filled(length, 1 + (step % 200)));
      expected.fill(1 + (step % 200), offset, offset + length);
    } else if (dice < 9) captured = { state: layer.capture(), bytes: expected.slice() };
    else {
      layer.restore(captured.state);
      expected = captured.bytes.slice();
    }
    if (step % 10 === 0) assertSameBytes(readAll(layer), expected);
  }
  assertSameBytes(readAll(layer), expected);
  for (const { offset, lengthBytes } of layer.dataRanges(0, diskBytes)) expected.fill(0, offset, offset + lengthBytes);
  assertSameBytes(expected, new Uint8Array(diskBytes), 'outside the data ranges');
});

test('restoring a captured state repeatedly does not increase the space used in the scratch file', () => {
  const MIB = 1024 * KIB;
  const scratch = new MemoryFile('scratch');
  const lower = rawImage(new Uint8Array(16 * MIB));
  const layer = new ScratchLayer({ lower, scratch });
  const powerOn = layer.capture();
  layer.write(0, filled(4 * KIB, 1));
  const later = layer.capture();
  for (let pass = 1; pass <= 50; pass++) {
    if (pass % 2) layer.restore(powerOn);
    else layer.reset(lower);
    for (let at = 0; at < 8 * MIB; at += 64 * KIB) layer.write(at, filled(64 * KIB, pass));
    assert.ok(scratch.length() <= 8 * MIB + 4 * KIB, `pass ${pass}: ${scratch.length()} bytes`);
  }
  layer.restore(later);
  assert.equal(scratch.length(), 4 * KIB);
  layer.reset(lower);
  layer.release(later.slots);
  assert.equal(scratch.length(), 0);
});

test('captured states share the block map, so a thousand of them on a discarded 16 TiB disk take little memory', () => {
  const lengthBytes = 16 * 1024 ** 4;
  const lower: BlockDevice = { ...inert, name: 'large', lengthBytes, read: (_, into) => void into.fill(7) };
  const layer = new ScratchLayer({ lower, scratch: new MemoryFile('scratch') });
  layer.writeZeroes(0, lengthBytes);
  for (let i = 0; i < 1000; i++) {
    layer.write(0, filled(4 * KIB, i));
    layer.capture();
  }
  assert.ok(layer.mapBytes < 20 << 20, `${layer.mapBytes} bytes`);
  assert.deepEqual([...layer.writtenExtents()].slice(0, 2), [
    { offset: 0, lengthBytes: 4 * KIB, isZero: false },
    { offset: 4 * KIB, lengthBytes: 511 * 4 * KIB, isZero: true },
  ]);
});

test('after many captured states are dropped, writes to adjacent blocks still need few file calls', () => {
  const scratch = new MemoryFile('scratch');
  const layer = new ScratchLayer({ lower: rawImage(new Uint8Array(4096 * KIB)), scratch });
  for (let round = 0; round < 20; round++) {
    const state = layer.capture();
    for (let at = (round % 2) * 4 * KIB; at < 1024 * KIB; at += 12 * KIB) layer.write(at, filled(4 * KIB, round));
    layer.restore(state);
    layer.release(state.slots);
  }
  const before = scratch.calls.writes;
  for (let at = 0; at < 1024 * KIB; at += 64 * KIB) layer.write(at, filled(64 * KIB, 1));
  assert.equal(scratch.calls.writes - before, 16);
});

test('when the scratch file is full, a write fails, uses no slots and leaves the layer unchanged', () => {
  const scratch = new MemoryFile('scratch');
  const layer = new ScratchLayer({ lower: rawImage(filled(100 * KIB, 7)), scratch });
  layer.write(0, filled(4 * KIB, 1));
  const state = layer.capture();
  scratch.lengthMax = 8 * KIB;
  assert.throws(() => layer.write(0, filled(12 * KIB, 2)), /no space/);
  assert.equal(layer.scratchBytes, 4 * KIB);
  assertSameBytes(readAll(layer), filled(100 * KIB, 7).fill(1, 0, 4 * KIB));
  layer.write(0, filled(4 * KIB, 3));
  layer.restore(state);
  assertSameBytes(readAll(layer), filled(100 * KIB, 7).fill(1, 0, 4 * KIB));
});

longTest(
  'random captured states keep their contents, and each slot is in use exactly while the layer or a state refers to it',
  (t) => {
    const random = SeededRandom.forTest(t);
    const lengthBytes = 3000 * KIB + 512;
    const lowers = [7, 8].map((byte) => rawImage(filled(lengthBytes, byte)));
    const scratch = new MemoryFile('scratch');
    const layer = new ScratchLayer({ lower: lowers[0], scratch });
    let shown = readAll(lowers[0]);
    const states: { state: ScratchState; shown: Uint8Array }[] = [];
    const acts: Record<string, () => void> = {
      write: () => {
        const offset = random.below(lengthBytes);
        const bytes = random.bytes(1 + random.below(Math.min(100_000, lengthBytes - offset)));
        layer.write(offset, bytes);
        shown.set(bytes, offset);
      },
      writeZeroes: () => {
        const offset = random.chance(0.3) ? 0 : random.below(lengthBytes);
        const length = random.chance(0.3) ? lengthBytes - offset : 1 + random.below(lengthBytes - offset);
        layer.writeZeroes(offset, length);
        shown.fill(0, offset, offset + length);
      },
      capture: () => void states.push({ state: layer.capture(), shown: shown.slice() }),
      restore: () => {
        if (states.length === 0) return;
        const state = random.pick(states);
        layer.restore(state.state);
        shown = state.shown.slice();
      },
      reset: () => {
        const lower = random.pick(lowers);
        layer.reset(lower);
        shown = readAll(lower);
      },
      release: () => {
        if (states.length === 0) return;
        const [state] = states.splice(random.below(states.length), 1);
        layer.release(state.state.slots);
      },
    };
    const kinds = ['write', 'write', 'write', 'write', 'write', 'writeZeroes', 'capture', 'restore', 'release'];
    for (let step = 0; step < 1500; step++) {
      acts[random.chance(0.02) ? 'reset' : random.pick(kinds)]();
      while (states.length > 12) acts.release();
      if (step % 25 !== 0) continue;
      assertSameBytes(readAll(layer), shown);
      const current = layer.capture();
      const slots = slotsOf([current, ...states.map(({ state }) => state)], lengthBytes);
      assert.equal(layer.scratchBytes, slots.size * 4 * KIB);
      assert.equal(layer.capturedScratchBytes(), (slots.size - slotsOf([current], lengthBytes).size) * 4 * KIB);
      layer.release(current.slots);
      const fileMax = Math.max(...slots, -1) + 1;
      assert.ok(scratch.length() >= fileMax * 4 * KIB);
    }
    for (const state of states) {
      layer.restore(state.state);
      assertSameBytes(readAll(layer), state.shown);
    }
    for (const { state } of states) layer.release(state.slots);
    layer.reset(lowers[0]);
    assert.deepEqual([layer.scratchBytes, layer.mapBytes, scratch.length()], [0, 0, 0]);
  },
);

function slotsOf(states: readonly ScratchState[], lengthBytes: number): Set<number> {
  const slots = new Set<number>();
  for (const { slots: map } of states) {
    for (let cluster = 0; cluster * 4 * KIB < lengthBytes; cluster++) {
      const slot = map.get(cluster);
      if (slot !== undefined && slot >= 0) slots.add(slot);
    }
  }
  return slots;
}
