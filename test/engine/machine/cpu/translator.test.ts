/** Translated code gives the same states as the interpreter, regardless of which code is translated and when. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BlkreplayFilter, NULL_REQUEST_LOG } from '../../../../debug-adapter/engine/block/blkreplay.ts';
import { RawImage } from '../../../../debug-adapter/engine/block/raw.ts';
import { bootElf } from '../../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { Machine } from '../../../../debug-adapter/engine/machine/machine.ts';
import { combinedDigest } from '../../../../debug-adapter/engine/machine/machineDigest.ts';
import { ConsoleInput } from '../../../../debug-adapter/engine/recording/inputs/consoleInput.ts';
import { LiveInputs } from '../../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import { guest, SESSION, SMALL_GUESTS } from '../../../support/guests.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { a, assemble, CSR } from './assembler.ts';
import { bareMachine, machineWith, START, steps, words } from './bareMachine.ts';
import { DYNAMIC, FLOAT_LOADS, FLOAT_OPERATIONS, FLOAT_STORES, MODES } from './floatAssembler.ts';
import { randomValue } from './floatValues.ts';
import { ALL, pte, PTE, satp } from './paging.ts';
import { randomImage, type RandomImage } from './randomProgram.ts';
import { some, times } from '../../../support/extent.ts';

const THRESHOLDS = [1, 2, 100, undefined];
const OFF = 0;

interface Run {
  console: string;
  digests: bigint[];
  position: number;
}

/** Runs a guest with two disks to completion and takes a digest at each position. */
function run(name: string, translationThreshold: number | undefined, positions: readonly number[]): Run {
  const drives = ['hd0', 'hd1'].map((id) => {
    const disk = new MemoryFile(`${id}.img`, new Uint8Array(4 << 20));
    return new BlkreplayFilter({ id, device: new RawImage(disk, { writable: true }), log: NULL_REQUEST_LOG });
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
  ...some(SMALL_GUESTS, 2).map((small) => `small/${small}`),
  ...some(['kernel/oslet', 'kernel/oslet-clint', 'demo/demo'], 0),
]) {
  test(`${name}: all states are the same, regardless of which code is translated`, (t) => {
    const random = SeededRandom.forTest(t);
    const { position } = run(name, undefined, []);
    const positions = Array.from({ length: 12 }, () => random.below(position)).sort((a, b) => a - b);
    const expected = run(name, OFF, positions);
    for (const threshold of some(THRESHOLDS, 1)) {
      assert.deepEqual(
        run(name, threshold, positions),
        expected,
        `with a threshold of ${threshold ?? 'the usual number of'} arrivals`,
      );
    }
  });
}

test('random programs end in the same state, regardless of which code is translated', (t) => {
  const random = SeededRandom.forTest(t);
  for (let round = 0; round < times({ quick: 1, long: 6 }); round++) {
    const image = randomImage(random, { blocks: 30, units: 120, iterations: 40 });
    const expected = runImage(image, OFF);
    for (const threshold of some([1, 2, 15], 1)) {
      const { regions, ...found } = runImage(image, threshold);
      assert.deepEqual({ ...found, regions: 0 }, expected, `round ${round}, with a threshold of ${threshold} arrivals`);
      assert.ok(regions > 30, `${regions} regions were translated`);
    }
  }
});

test('a loop that becomes hot without paging continues correctly after paging is turned on', () => {
  const runs = [OFF, 1, 2, 100].map((threshold) => loopWithAndWithoutPaging(threshold));
  const [expected] = runs;
  assert.equal(expected.sum, BigInt(LOOPS) * (3n + 5n));
  for (const { regions, ...found } of runs.slice(1)) {
    assert.deepEqual({ ...found, regions: 0 }, expected);
    assert.ok(regions > 0);
  }
});

const LOOPS = 1000;

/**
 * A loop over the memory at DATA. It runs in M mode and then at the same virtual addresses in S mode, where DATA is
 * mapped to a different page. The TLB entries for untranslated addresses still exist at that time.
 */
function loopWithAndWithoutPaging(translationThreshold: number) {
  const [DATA, OTHER, HANDLER] = [START + 0x1000, START + 0x2000, START + 0x3000];
  const [ROOT, MIDDLE, LEAVES] = [START + 0x4000, START + 0x5000, START + 0x6000];
  const MPP_SUPERVISOR = 1 << 11;
  const machine = machineWith(
    [
      a.ld(6, 0, 5),
      a.add(11, 11, 6),
      a.sd(11, 8, 5),
      a.addi(7, 7, -1),
      a.bne(7, 0, -16),
      // In S mode this instruction traps to the handler, which loops forever.
      a.csrw(CSR.mepc, 8),
      a.csrw(CSR.satp, 9),
      a.csrw(CSR.mstatus, 10),
      a.addi(7, 0, LOOPS),
      a.mret,
    ],
    { translationThreshold },
  );
  const { hart, ram } = machine;
  ram.write(HANDLER, assemble([a.jal(0, 0)]));
  ram.write(DATA, words(3n));
  ram.write(OTHER, words(5n));
  ram.write(ROOT + 8 * (START >>> 30), words(pte(MIDDLE, PTE.V)));
  ram.write(MIDDLE, words(pte(LEAVES, PTE.V)));
  ram.write(LEAVES, words(pte(START, ALL), pte(OTHER, ALL)));
  hart.setSlot('MTVEC', BigInt(HANDLER));
  const registers = { 5: DATA, 7: LOOPS, 8: START, 9: satp(ROOT), 10: MPP_SUPERVISOR };
  for (const [register, value] of Object.entries(registers)) hart.setRegister(Number(register), BigInt(value));
  for (let step = 0; step < 40; step++) steps(machine, 300);
  const digest = combinedDigest(machine.digestParts());
  return { sum: hart.register(11), digest, position: machine.position, regions: hart.regionCount };
}

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

const ROUNDS = 500;

/** The digest and the number of regions after a loop of random half-precision instructions. */
function halfLoops(random: SeededRandom, translationThreshold: number) {
  const names = Object.keys(FLOAT_OPERATIONS).filter((name) => /\.h\b/.test(name));
  const register = () => 10 + random.below(6);
  const body = Array.from({ length: 40 }, () => {
    const { encode } = FLOAT_OPERATIONS[random.pick(names)];
    const fields = { rd: register(), rs1: register(), rs2: register(), rs3: register() };
    return encode({ ...fields, mode: random.chance(0.8) ? DYNAMIC : random.pick(MODES) });
  });
  // Loads new operands in each iteration, from the half-precision numbers at x8.
  const loads = Array.from({ length: 6 }, (_, i) => FLOAT_LOADS.flh(10 + i, 2 * i, 8));
  const program = ['loop', loads, body, FLOAT_STORES.fsh(10, 0, 9), a.addi(8, 8, 2), a.addi(9, 9, 2), a.addi(7, 7, -1)];
  const machine = machineWith([...program, a.to('loop', (offset) => a.bne(7, 0, offset)), 'end', a.j('end')], {
    translationThreshold,
  });
  const { hart, ram } = machine;
  const halves = Array.from({ length: 600 }, () => randomValue(random, 'h') & 0xffffn);
  halves.forEach((half, i) =>
    ram.write(START + 0x2000 + 2 * i, Uint8Array.of(Number(half & 0xffn), Number(half >> 8n))),
  );
  hart.setSlot('MSTATUS', 3n << 13n);
  hart.setSlot('FCSR', 1n);
  for (const [register, value] of [ROUNDS, START + 0x2000, START + 0x4000].entries()) {
    hart.setRegister(7 + register, BigInt(value));
  }
  // The runs are short because hot code is translated between runs.
  for (let piece = 0; piece < ROUNDS; piece++) steps(machine, 60);
  return { digest: combinedDigest(machine.digestParts()), regions: hart.regionCount };
}

test('half-precision instructions give the same results in translated code', (t) => {
  const seeds = SeededRandom.forTest(t);
  for (let round = 0; round < times({ quick: 2, long: 10 }); round++) {
    const seed = seeds.uint32();
    const [expected, ...others] = [OFF, 1, 10].map((threshold) => halfLoops(new SeededRandom(seed), threshold));
    for (const { digest, regions } of others) {
      assert.equal(digest, expected.digest, `round ${round}`);
      assert.ok(regions > 0);
    }
  }
});
