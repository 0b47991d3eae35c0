import type { SeededRandom } from '../../../support/seededRandom.ts';
import { a, CSR, type Item } from './assembler.ts';
import { FLOAT_OPERATIONS } from './floatAssembler.ts';
import {
  type BlockOptions,
  DATA,
  DATA_PAGES,
  DATA_VA,
  FS,
  GIGAPAGE_VA,
  MPRV,
  MXR,
  PMP_OPEN,
  type ProgramKind,
  POINTER,
  POINTER2,
  SAVE,
  SAVED,
  SP,
  SUM,
  SUPERPAGE_VA,
  TERAPAGE_VA,
  TW,
  UPPER_HALF,
  USER_CODE_OFFSET,
} from './randomLayout.ts';
import { environment } from './randomCacheBlocks.ts';
import { floatValue, value } from './randomOperands.ts';
import { tables } from './randomTables.ts';
import { unit } from './randomUnits.ts';

/** One block of a random program: it sets up tables, mode and registers, and then runs random units. */
export function block(random: SeededRandom, options: BlockOptions): Item[] {
  const { name, mode, next, iterations, units } = options;
  const body = Array.from({ length: units }, (_, i) => [`${name}u${i}:`, unit(random, { ...options, index: i })]);
  return [
    tables(random, options.kind),
    options.kind === 'blocks' ? environment(random) : [],
    a.sfenceVma,
    a.li(31, SAVE),
    a.la(5, `${name}end`),
    a.sd(5, SAVED.end, 31),
    a.la(5, next),
    a.sd(5, SAVED.next, 31),
    a.addi(5, 0, iterations),
    a.sd(5, SAVED.left, 31),
    a.sd(0, SAVED.traps, 31),
    a.la(5, `${name}start`),
    mode === 'U' ? [a.li(6, USER_CODE_OFFSET), a.add(5, 5, 6)] : [],
    a.sd(5, SAVED.start, 31),
    a.csrw(CSR.mepc, 5),
    floats(random),
    options.isAligned ? protection(random, options.kind) : [],
    status(random, options),
    registers(random, options),
    a.mret,
    `${name}start:`,
    body,
    `${name}end:`,
    a.ecall,
  ];
}

/** The value of mstatus for the block's mode, with random SUM and MXR. */
export function status(random: SeededRandom, { mode, kind }: BlockOptions): Item[] {
  const privilege = { M: 3, S: 1, U: 0 }[mode];
  const bits =
    (privilege << 11) |
    random.pick([0, SUM, MXR, SUM | MXR]) |
    (random.chance(0.9) ? FS : 0) |
    (kind === 'blocks' && random.chance(0.3) ? TW : 0);
  return [
    a.li(5, (3 << 11) | MPRV | SUM | MXR | FS | TW),
    a.csrrc(0, CSR.mstatus, 5),
    a.li(5, bits),
    a.csrrs(0, CSR.mstatus, 5),
  ];
}

/**
 * PMP entries for parts of the data, followed by one that permits everything. In programs with cache-block operations
 * each entry covers whole blocks, because QEMU ignores an entry that begins or ends inside the accessed block.
 */
function protection(random: SeededRandom, kind: ProgramKind): Item[] {
  const wholeBlocks = kind === 'blocks';
  const [TOR, NA4, NAPOT] = [1 << 3, 2 << 3, 3 << 3];
  const entry = (i: number): { config: bigint; items: Item[] } => {
    // A TOR range starts where the previous entry ends, so a TOR range in the first entry would include the code.
    const mode = random.pick([0, i > 0 ? TOR : 0, wholeBlocks ? NAPOT : NA4, NAPOT]);
    // The range is at most 8 KiB, and most entries permit most accesses.
    const size = mode === NAPOT ? (1 << (wholeBlocks ? 3 + random.below(8) : random.below(11))) - 1 : 0;
    const anyWord = ((DATA >>> 2) + random.below((DATA_PAGES * 4096) >>> 2)) >>> 0;
    const word = wholeBlocks ? (anyWord & ~15) >>> 0 : anyWord;
    const rights = random.chance(0.5) ? 7 : random.pick([0, 1, 3, 4, 5, 7]);
    const address = size ? (word & ~(2 * size + 1)) | size : word;
    return {
      config: BigInt(mode | rights) << BigInt(8 * i),
      items: [a.li(5, address >>> 0), a.csrw(CSR.pmpaddr0 + i, 5)],
    };
  };
  const entries = Array.from({ length: 1 + random.below(4) }, (_, i) => entry(i));
  const config = entries.reduce((sum, one) => sum | one.config, PMP_OPEN);
  return [entries.map(({ items }) => items), a.li(5, config), a.csrw(CSR.pmpcfg0, 5)];
}

/** Sets the floating-point registers to values of any format, with a random rounding mode and random flags. */
function floats(random: SeededRandom): Item[] {
  return [
    a.li(5, FS),
    a.csrrs(0, CSR.mstatus, 5),
    Array.from({ length: 32 }, (_, i) => [
      a.li(5, floatValue(random)),
      FLOAT_OPERATIONS['fmv.d.x'].encode({ rd: i, rs1: 5 }),
    ]),
    a.li(5, (random.below(5) << 5) | random.below(32)),
    a.csrw(CSR.fcsr, 5),
  ];
}

/** A virtual address of the data, which is mapped both as single pages (the most frequent choice) and by superpages. */
function virtualBase(random: SeededRandom, kind: ProgramKind): number {
  if (kind === 'general') return random.chance(0.8) ? DATA_VA : SUPERPAGE_VA;
  const base = random.pick([DATA_VA, DATA_VA, SUPERPAGE_VA, GIGAPAGE_VA, TERAPAGE_VA]);
  return base !== TERAPAGE_VA && random.chance(0.3) ? UPPER_HALF + base : base;
}

/** Sets every register. The pointers contain physical or virtual addresses of the data. */
export function registers(random: SeededRandom, { mode, isAligned, kind }: BlockOptions): Item[] {
  const base = mode === 'M' ? DATA : virtualBase(random, kind);
  const pointer: Record<number, number> = {
    [SP]: base + 0x1000 - 8 * random.below(20),
    [POINTER]: base + 0x800 + 8 * random.below(64),
    [POINTER2]: base + 0x3000 - (random.below(64) & (isAligned ? -8 : -1)),
  };
  return Array.from({ length: 31 }, (_, i) => a.li(i + 1, BigInt(pointer[i + 1] ?? value(random))));
}
