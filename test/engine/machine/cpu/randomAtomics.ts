import type { SeededRandom } from '../../../support/seededRandom.ts';
import { a, ATOMICS, CSR, type Item, LOADS, STORES } from './assembler.ts';
import { START } from './bareMachine.ts';
import { leafAt, WINDOW } from './paging.ts';

/**
 * Random loops of atomic instructions, to compare the translator with the interpreter. The loops contain AMOs, and LR
 * and SC in pairs and alone. Some of the addresses are also used by loads and stores, are misaligned, cross a page
 * boundary, or are in the page of the loop's own code. The trap handler counts a trap and skips its instruction.
 *
 *   x5, x6     scratch                 x10-x17   values
 *   x8, x9     data pointers           x20       iterations left
 *   x18, x19   `words`, `patched`      x21       the window's table entries, in S mode
 *   x22        mask without A and D    x28-x31   trap handler
 */
export const DATA = START + 0x2_0000;
export const DATA_PAGES = 3;
export const HANDLER = START + 0x8000;
export const PAUSE = 0x0100_000f;

export interface AtomicLoop {
  program: Item[];
  /** Initial register values, by register number. */
  registers: Record<number, bigint>;
}

export interface LoopOptions {
  /** The prefix of the labels. */
  name: string;
  units: number;
  iterations: number;
  /**
   * Whether the data is in the window; the loop then clears A and D in the window's table entries from time to time.
   */
  isPaged: boolean;
}

export function atomicLoop(random: SeededRandom, options: LoopOptions): AtomicLoop {
  const { name, iterations, isPaged } = options;
  const body = Array.from({ length: options.units }, (_, i) => [
    `${name}u${i}:`,
    unit(random, { ...options, index: i }),
  ]);
  const base = isPaged ? WINDOW : DATA;
  const values = Array.from({ length: 8 }, (_, i): [number, bigint] => [10 + i, value(random)]);
  return {
    program: [
      `${name}:`,
      a.la(18, `${name}words`),
      a.la(19, `${name}patched`),
      `${name}loop:`,
      body,
      `${name}patched:`,
      OLD,
      a.addi(20, 20, -1),
      a.to(`${name}loop`, (offset) => a.bne(20, 0, offset)),
      `${name}end:`,
      a.j(`${name}end`),
      `${name}words:`,
      Array.from({ length: 8 }, () => a.nop),
    ],
    registers: {
      8: BigInt(base + 0x1000 - 8 * (1 + random.below(4))),
      9: BigInt(base + 0x1000 * random.below(DATA_PAGES) + 8 * random.below(4)),
      20: BigInt(iterations),
      21: BigInt(leafAt(0)),
      22: 0xc0n,
      ...Object.fromEntries(values),
    },
  };
}

/** Counts traps in x28, hashes their causes and values, and returns to the next instruction. */
export const trapHandler = (): Item[] => [
  a.addi(28, 28, 1),
  a.csrr(30, CSR.mcause),
  a.add(29, 29, 30),
  a.csrr(30, CSR.mtval),
  a.xor(29, 29, 30),
  a.slli(31, 29, 5),
  a.add(29, 29, 31),
  a.csrr(30, CSR.mepc),
  a.addi(30, 30, 4),
  a.csrw(CSR.mepc, 30),
  a.mret,
];

const [OLD, NEW] = [a.addi(17, 17, 1), a.addi(17, 17, 16)];

interface UnitOptions extends LoopOptions {
  index: number;
}

const UNITS: [weight: number, make: (random: SeededRandom, options: UnitOptions) => Item][] = [
  [24, (r) => [pointTo(r), amo(r)]],
  [12, exchange],
  [2, (r) => [pointTo(r), r.pick([a.lrW, a.lrD])(valueRegister(r), 5)]],
  [2, (r) => [pointTo(r), r.pick([a.scW, a.scD])(valueRegister(r), valueRegister(r), 5)]],
  [6, (r) => r.pick(Object.values(LOADS))(valueRegister(r), offset(r), r.pick([8, 9]))],
  [6, (r) => r.pick(Object.values(STORES))(valueRegister(r), offset(r), r.pick([8, 9]))],
  [8, (r) => r.pick([a.add, a.xor, a.sub, a.addw])(valueRegister(r), valueRegister(r), valueRegister(r))],
  [4, (r) => r.pick<number>([a.fence, a.fenceI, PAUSE, a.nop])],
  [3, forwardBranch],
  [2, (r) => [a.addi(5, 18, 8 * r.below(4)), amo(r)]],
  [3, (r) => r.pick(Object.values(STORES))(valueRegister(r), r.below(24), 18)],
  [2, patch],
  [1, (r) => a.csrr(valueRegister(r), r.pick([CSR.mscratch, CSR.sscratch]))],
  [1, () => a.ecall],
  // There is neither a device nor RAM at this address.
  [1, (r) => [a.lui(5, 0x4000), r.pick([a.lrW(10, 5), amo(r), a.scW(10, 11, 5)])]],
  [2, forgetMarks],
];
const TOTAL_WEIGHT = UNITS.reduce((sum, [weight]) => sum + weight, 0);

function unit(random: SeededRandom, options: UnitOptions): Item {
  let left = random.below(TOTAL_WEIGHT);
  for (const [weight, make] of UNITS) {
    if (left < weight) return make(random, options);
    left -= weight;
  }
  throw new Error('weights do not add up');
}

const valueRegister = (random: SeededRandom): number => random.pick([0, 10, 11, 12, 13, 14, 15, 16, 17]);

/** An offset that is usually aligned; from x8, it reaches addresses on both sides of the page boundary. */
const offset = (random: SeededRandom): number =>
  random.chance(0.6) ? 8 * random.below(6) : random.chance(0.7) ? 4 * random.below(12) : random.below(48);

const pointTo = (random: SeededRandom): Item => a.addi(5, random.pick([8, 9]), offset(random));

const amo = (random: SeededRandom): number =>
  (random.pick(Object.values(ATOMICS))(random.chance(0.1) ? 5 : valueRegister(random), valueRegister(random), 5) |
    (random.below(4) << 25)) >>>
  0;

/** LR and SC, sometimes with an instruction in between that may affect the reservation. */
function exchange(random: SeededRandom): Item {
  const [lr, sc] = random.pick([
    [a.lrW, a.scW],
    [a.lrD, a.scD],
    [a.lrD, a.scW],
    [a.lrW, a.scD],
  ]);
  const old = valueRegister(random);
  const between: Item = random.pick<Item>([
    [],
    [],
    [],
    a.fence,
    a.ecall,
    a.sw(valueRegister(random), 0, 5),
    // Stores the same value again, so that the reservation remains valid.
    a.sd(old, 0, 5),
    amo(random),
    a.lrW(valueRegister(random), 9),
    a.addi(5, 5, 4),
  ]);
  return [pointTo(random), lr(old, 5), between, sc(valueRegister(random), valueRegister(random), 5)];
}

function forwardBranch(random: SeededRandom, { name, index, units }: UnitOptions): Item {
  const to = index + 1 + random.below(3);
  const label = to >= units ? `${name}patched` : `${name}u${to}`;
  const [encode, x, y] = [random.pick([a.beq, a.bne, a.blt]), valueRegister(random), valueRegister(random)];
  return a.to(label, (far) => encode(x, y, far));
}

/** Replaces an instruction of this loop, sometimes with the word that was there before. */
function patch(random: SeededRandom): Item {
  const [name, operand] = random.pick([['amoswap.w', NEW] as const, ['amoxor.w', OLD ^ NEW] as const]);
  return [a.li(6, operand), a.addi(5, 19, 0), ATOMICS[name](0, 6, 5)];
}

/** Clears A and D in the page table entry; the next access sets them. */
function forgetMarks(random: SeededRandom, { isPaged }: UnitOptions): Item {
  if (!isPaged) return a.nop;
  const at = 8 * random.below(DATA_PAGES);
  return random.chance(0.5)
    ? [a.ld(6, at, 21), a.xori(5, 22, -1), a.and(6, 6, 5), a.sd(6, at, 21)]
    : [a.addi(5, 21, at), a.xori(6, 22, -1), ATOMICS['amoand.d'](0, 6, 5)];
}

function value(random: SeededRandom): bigint {
  if (random.chance(0.5)) return random.pick([0n, 1n, -1n, 0x7fff_ffffn, 0x8000_0000n, 1n << 63n]);
  return (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
}
