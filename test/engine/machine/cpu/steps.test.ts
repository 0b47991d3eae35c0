/** `run` stops after exactly the requested number of steps, and earlier stops do not affect the result.
 *
 * A trap is one step and retires no instruction. Counters and timers advance with steps. An interrupt is taken at the
 * step at which it is due.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BlkreplayFilter, NULL_REQUEST_LOG } from '../../../../debug-adapter/engine/block/blkreplay.ts';
import { RawImage } from '../../../../debug-adapter/engine/block/raw.ts';
import { bootElf } from '../../../../debug-adapter/engine/machine/boot/bootElf.ts';
import { guest } from '../../../support/guests.ts';
import { MemoryFile } from '../../../support/memoryFile.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { a, assemble, CSR, type Item } from './assembler.ts';
import { bareMachine, digestOf, machineWith, START, steps, trapOf, type BareMachine } from './bareMachine.ts';
import { randomImage } from './randomProgram.ts';
import { some } from '../../../support/extent.ts';

const HANDLER = START + 0x1000;

function bootGuest(name: string, decodePoolPages?: number): BareMachine {
  const disk = new MemoryFile('disk.img', new Uint8Array(4 << 20));
  const drive = new BlkreplayFilter({
    id: 'hd0',
    device: new RawImage(disk, { writable: true }),
    log: NULL_REQUEST_LOG,
  });
  const machine = bareMachine({ memoryBytes: 32 << 20, drives: [drive], decodePoolPages });
  bootElf(machine, { kernel: { name, bytes: readFileSync(guest(name)) } });
  return machine;
}

/** Runs to a position in slices, most of which are only a few steps long. */
function runInSlices(machine: BareMachine, until: number, random: SeededRandom): void {
  while (machine.position < until) {
    const most = random.pick([1, 3, 100, 50_000]);
    const target = Math.min(until, machine.position + 1 + random.below(most));
    const stop = machine.run(target);
    if (stop.kind !== 'reached') return;
    assert.equal(machine.position, target);
  }
}

for (const [name, end] of some(
  [
    ['demo/demo', 3_000_000],
    ['kernel/oslet', 3_000_000],
    ['kernel/oslet-clint', 2_000_000],
    ['small/timer', 200_000],
    ['small/sv39', 200_000],
    ['small/selfmod', 100_000],
  ] as const,
  2,
)) {
  test(`${name}: dividing a run into slices does not change its result`, (t) => {
    const random = SeededRandom.forTest(t);
    const [whole, sliced, reloaded] = [bootGuest(name), bootGuest(name), bootGuest(name)];
    for (let point = 0; point < end;) {
      point += 1 + random.below(end / 8);
      whole.run(point);
      runInSlices(sliced, point, random);
      assert.equal(digestOf(sliced), digestOf(whole), `at ${point}`);
      // Saving and loading the state, which drops all translations, does not change the result either.
      reloaded.run(point - random.below(1000));
      reloaded.hart.loadState(reloaded.hart.saveState());
      reloaded.run(point);
      assert.equal(digestOf(reloaded), digestOf(whole), `at ${point}, after reloading`);
    }
  });
}

test('a tiny pool of decoded pages does not change the result', (t) => {
  const random = SeededRandom.forTest(t);
  for (const name of some(['kernel/oslet', 'small/selfmod', 'small/sv39'], 2)) {
    const whole = bootGuest(name);
    whole.run(1_000_000);
    for (const decodePoolPages of some([1, 2, 3], 1)) {
      const tiny = bootGuest(name, decodePoolPages);
      tiny.run(1_000_000);
      assert.equal(digestOf(tiny), digestOf(whole), `${name} with ${decodePoolPages}`);
    }
  }
  const image = randomImage(random, { blocks: 10, units: 300, iterations: 10 });
  const [whole, tiny] = [undefined, 1].map((decodePoolPages) => {
    const machine = bareMachine({ memoryBytes: 16 << 20, decodePoolPages });
    bootElf(machine, { kernel: { name: 'random', bytes: image.elf } });
    machine.run(50_000_000);
    return machine;
  });
  assert.equal(tiny.printed(), whole.printed());
  assert.equal(digestOf(tiny), digestOf(whole));
});

// --- traps and counters --------------------------------------------------------------------------------------------------

test('a trap takes one step and retires no instruction', () => {
  const traps: [name: string, instruction: number, cause: bigint][] = [
    ['ecall', a.ecall, 11n],
    ['ebreak', a.ebreak, 3n],
    ['c.ebreak', a.cEbreak, 3n],
    ['an illegal instruction', 0xffffffff, 2n],
    ['a missing CSR', a.csrr(6, 0x8ff), 2n],
    ['a write to a read-only CSR', a.csrw(CSR.cycle, 0), 2n],
    ['a load from an unmapped address', a.ld(6, 0, 0), 5n],
    ['a store to an unmapped address', a.sd(6, 0, 0), 7n],
    ['a misaligned lr', a.lrW(6, 5), 4n],
    ['a misaligned amo', a.amoaddW(6, 0, 5), 6n],
    ['a jump to an unmapped address', a.jalr(0, 16, 0), 1n],
  ];
  for (const [name, instruction, cause] of traps) {
    const machine = machineWith([a.nop, instruction]);
    machine.hart.setSlot('MTVEC', BigInt(HANDLER));
    machine.hart.setRegister(5, BigInt(START + 0x2002));
    const isJump = cause === 1n;
    steps(machine, isJump ? 3 : 2);
    assert.equal(machine.hart.slot('PC'), BigInt(HANDLER), name);
    assert.equal(trapOf(machine).cause, cause, name);
    assert.equal(trapOf(machine).pc, isJump ? 16n : BigInt(START + 4), name);
    assert.deepEqual([machine.position, machine.instructions], isJump ? [3, 2] : [2, 1], name);
    assert.equal(machine.hart.register(6), 0n, `${name} writes no register`);
  }
});

test('minstret counts retired instructions, mcycle counts steps, and both continue from a written value', () => {
  const machine = machineWith([
    a.csrr(10, CSR.minstret),
    a.csrr(11, CSR.mcycle),
    a.ecall,
    a.csrr(12, CSR.minstret),
    a.csrr(13, CSR.mcycle),
    a.csrw(CSR.minstret, 5),
    a.csrr(14, CSR.minstret),
    a.csrw(CSR.mcycle, 5),
    a.csrr(15, CSR.mcycle),
    a.nop,
    a.csrr(16, CSR.instret),
    a.csrr(17, CSR.cycle),
  ]);
  const { hart } = machine;
  hart.setRegister(5, 1000n);
  hart.setSlot('MTVEC', BigInt(HANDLER));
  // The handler is one instruction long: it jumps to the instruction after the ecall.
  machine.ram.write(HANDLER, assemble([a.jal(0, START + 12 - HANDLER)]));
  steps(machine, 14);
  const values = [10, 11, 12, 13, 14, 15, 16, 17].map((register) => Number(hart.register(register)));
  assert.deepEqual(values, [0, 1, 3, 5, 1000, 1000, 1004, 1003]);
});

test('the instruction after a write to minstret reads the written value', () => {
  const machine = machineWith([a.csrrwi(0, CSR.minstret, 0), a.csrr(10, CSR.minstret), a.csrr(11, CSR.minstret)]);
  steps(machine, 3);
  assert.deepEqual([machine.hart.register(10), machine.hart.register(11)], [0n, 1n]);
});

test('time advances by one tick every 100 steps', () => {
  const machine = machineWith(['loop:', a.csrr(10, CSR.time), a.j('loop')]);
  for (const position of [99, 101, 201, 1001, 123_457]) {
    machine.run(position);
    assert.equal(machine.hart.register(10), BigInt(Math.floor((position - 1) / 100)), `at ${position}`);
  }
});

// --- interrupts ----------------------------------------------------------------------------------------------------------

const MIE_BIT = 8;
const [MSI, MTI] = [3, 7];
const CLINT = 0x200_0000;
const MTIMECMP = CLINT + 0x4000;

test('a timer interrupt is taken at the exact step at which it is due', () => {
  for (const ticks of [1, 2, 7, 50]) {
    const setUp: Item[] = [
      a.li(5, MTIMECMP),
      a.li(6, ticks),
      a.sd(6, 0, 5),
      a.li(6, 1 << MTI),
      a.csrw(CSR.mie, 6),
      a.csrrsi(0, CSR.mstatus, MIE_BIT),
    ];
    const machine = machineWith([setUp, 'loop:', a.addi(10, 10, 1), a.j('loop')]);
    machine.hart.setSlot('MTVEC', BigInt(HANDLER));
    const due = ticks * 100;
    machine.run(due);
    const interrupted = machine.hart.slot('PC');
    assert.notEqual(interrupted, BigInt(HANDLER));
    steps(machine, 1);
    assert.equal(machine.hart.slot('PC'), BigInt(HANDLER), `${ticks} ticks`);
    assert.deepEqual(trapOf(machine), { cause: (1n << 63n) | BigInt(MTI), value: 0n, pc: interrupted });
    assert.equal(machine.instructions, due);
  }
});

test('stimecmp interrupts S mode at the exact step at which it is due', () => {
  const machine = machineWith(['loop:', a.addi(10, 10, 1), a.j('loop')]);
  const { hart } = machine;
  hart.setSlot('MENVCFG', 1n << 63n);
  hart.setSlot('STIMECMP', 3n);
  hart.setSlot('MIDELEG', 1n << 5n);
  hart.setSlot('MIE', 1n << 5n);
  hart.setSlot('PRIVILEGE', 1n);
  hart.setSlot('MSTATUS', 2n);
  hart.setSlot('STVEC', BigInt(HANDLER));
  machine.run(301);
  assert.equal(hart.slot('PC'), BigInt(HANDLER));
  assert.deepEqual([hart.slot('SCAUSE'), machine.instructions], [(1n << 63n) | 5n, 300]);
});

/** Instructions that enable a pending interrupt, which is taken directly after them. */
const ENABLING_INSTRUCTIONS: [name: string, prepare: (machine: BareMachine) => void, instruction: Item][] = [
  ['mstatus', ({ hart }) => hart.setSlot('MIE', 8n), a.csrrsi(0, CSR.mstatus, MIE_BIT)],
  ['mie', ({ hart }) => hart.setSlot('MSTATUS', 8n), a.csrrsi(0, CSR.mie, 1 << MSI)],
  [
    'mret',
    ({ hart }) => {
      hart.setSlot('MIE', 8n);
      hart.setSlot('MSTATUS', BigInt((3 << 11) | (1 << 7)));
      hart.setSlot('MEPC', BigInt(START + 4));
    },
    a.mret,
  ],
  [
    'mret to a lower mode',
    ({ hart }) => {
      hart.setSlot('MIE', 8n);
      hart.setSlot('MEPC', BigInt(START + 4));
    },
    a.mret,
  ],
];

test('a pending interrupt is taken directly after the instruction that enables it', () => {
  for (const [name, prepare, instruction] of ENABLING_INSTRUCTIONS) {
    const machine = machineWith([instruction, a.nop, a.nop]);
    machine.hart.setSlot('MTVEC', BigInt(HANDLER));
    machine.board.write(CLINT, 1, 4);
    prepare(machine);
    machine.run(2);
    assert.equal(machine.hart.slot('PC'), BigInt(HANDLER), name);
    assert.deepEqual(trapOf(machine), { cause: (1n << 63n) | 3n, value: 0n, pc: BigInt(START + 4) }, name);
    assert.equal(machine.instructions, 1, name);
  }
});

test('an interrupt that an instruction raises is taken directly after that instruction', () => {
  const machine = machineWith([a.sw(6, 0, 5), a.nop]);
  const { hart } = machine;
  hart.setSlot('MTVEC', BigInt(HANDLER + 1));
  hart.setSlot('MIE', 8n);
  hart.setSlot('MSTATUS', 8n);
  hart.setRegister(5, BigInt(CLINT));
  hart.setRegister(6, 1n);
  machine.run(2);
  assert.equal(hart.slot('PC'), BigInt(HANDLER + 4 * MSI), 'vectored');
  assert.equal(trapOf(machine).pc, BigInt(START + 4));
});

test('interrupts are taken in priority order, and delegated ones last', () => {
  const machine = machineWith([]);
  const { hart } = machine;
  const order: number[] = [];
  hart.setSlot('MIE', 0xaaan);
  hart.setSlot('PRIVILEGE', 0n);
  hart.setSlot('MIDELEG', 0x022n);
  hart.setInterruptLines(0xaaa);
  for (let cause = hart.pendingInterrupt(); cause >= 0; cause = hart.pendingInterrupt()) {
    order.push(cause);
    hart.setInterruptLines(Number(hart.slot('MIP_LINES')) & ~(1 << cause));
  }
  assert.deepEqual(order, [11, 3, 7, 9, 1, 5]);
});

test('enabling Sstc clears a supervisor timer interrupt that software has set', () => {
  const machine = machineWith([a.csrw(CSR.mip, 5), a.csrr(10, CSR.mip), a.csrw(CSR.menvcfg, 6), a.csrr(11, CSR.mip)]);
  machine.hart.setSlot('STIMECMP', 1000n);
  machine.hart.setRegister(5, 1n << 5n);
  machine.hart.setRegister(6, 1n << 63n);
  // Writes mtimecmp to clear MTIP, which is pending until then; this test does not use MTIP.
  machine.board.clint.write(0x4004, 0xffffffff, 4);
  steps(machine, 4);
  assert.deepEqual([machine.hart.register(10), machine.hart.register(11)], [1n << 5n, 0n]);
});

test('a delegated interrupt is not taken in M mode', () => {
  const machine = machineWith([]);
  const { hart } = machine;
  hart.setSlot('MIE', 0x222n);
  hart.setSlot('MIDELEG', 0x222n);
  hart.setSlot('MSTATUS', 0xan);
  hart.setInterruptLines(0x222);
  assert.equal(hart.pendingInterrupt(), -1);
  hart.setSlot('PRIVILEGE', 1n);
  assert.equal(hart.pendingInterrupt(), 9);
});

test('wfi waits for an enabled interrupt, even one that cannot be taken, and the wait counts as one step', () => {
  const machine = machineWith([
    a.li(5, MTIMECMP),
    a.li(6, 50),
    a.sd(6, 0, 5),
    a.li(6, 1 << MTI),
    a.csrw(CSR.mie, 6),
    a.wfi,
    a.csrr(10, CSR.time),
    a.wfi,
    a.nop,
  ]);
  const before = [a.li(5, MTIMECMP), a.li(6, 50), a.li(6, 1 << MTI)].flat().length + 3;
  machine.run(before + 2);
  assert.deepEqual([machine.hart.register(10), machine.instructions], [50n, before + 1]);
  steps(machine, 2);
  assert.equal(machine.instructions, before + 3, 'the second wfi does not wait');
});

test('after a wfi that wakes without a trap, a stop at a breakpoint has the same state as a run to the same step', () => {
  const setUp = [a.li(5, MTIMECMP), a.li(6, 50), a.sd(6, 0, 5), a.li(6, 1 << MTI), a.csrw(CSR.mie, 6)];
  const program = [...setUp, a.wfi, a.nop, a.nop];
  const behind = START + 4 * [...setUp, a.wfi].flat().length;
  const stopped = machineWith(program);
  stopped.setStopPoints({ breakpoints: new Set([BigInt(behind)]), watchpoints: [] });
  assert.equal(stopped.run(1000).kind, 'breakpoint');
  const counted = machineWith(program);
  counted.run(stopped.position);
  assert.equal(digestOf(stopped), digestOf(counted));
  stopped.run(stopped.position + 2);
  counted.run(counted.position + 2);
  assert.equal(digestOf(stopped), digestOf(counted));
});

// --- reservations -----------------------------------------------------------------------------------------------------

test('an SC fails after a trap, a trap return or another SC', () => {
  const data = START + 0x2000;
  const run = (between: Item[], count: number): bigint => {
    const machine = machineWith([a.lrD(6, 5), between, 'here:', a.scD(7, 0, 5), a.j('here')]);
    machine.hart.setRegister(5, BigInt(data));
    machine.hart.setRegister(7, 9n);
    machine.hart.setSlot('MTVEC', BigInt(START + 8));
    machine.hart.setSlot('MSTATUS', 3n << 11n);
    machine.hart.setSlot('MEPC', BigInt(START + 8));
    steps(machine, count);
    return machine.hart.register(7);
  };
  assert.equal(run([a.nop], 3), 0n, 'succeeds');
  assert.equal(run([a.ecall], 3), 1n, 'after a trap');
  assert.equal(run([a.mret], 3), 1n, 'after mret');
  assert.equal(run([a.scD(8, 0, 5)], 3), 1n, 'after another SC');
  assert.equal(run([a.sd(5, 0, 5)], 3), 1n, 'after a store of a different value');
});
