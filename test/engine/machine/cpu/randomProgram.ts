import type { SeededRandom } from '../../../support/seededRandom.ts';
import {
  a,
  assembleWithLabels,
  ATOMICS,
  BRANCHES,
  bType,
  CSR,
  type Here,
  IMMEDIATE_OPERATIONS,
  type Item,
  LOADS,
  REGISTER_OPERATIONS,
  SHIFT_OPERATIONS,
  shiftLimit,
  STORES,
  UNARY_OPERATIONS,
} from './assembler.ts';
import { expandCompressed, isLegalWord } from './manualTables.ts';

/**
 * Random RV64IMAC programs for comparing machines: an ELF with many blocks of random instructions. Each block runs a
 * number of times in M-, S- or U-mode over a few pages of data, S and U with Sv39 tables of random permissions. Every
 * trap goes into a hash and skips its instruction. After each block the guest prints a line: hashes of the registers,
 * of the traps and of the data with its page tables.
 *
 *   0x80000000   code: handler, blocks             x2, x8, x9 point into the data and are never written;
 *   0x80200000   data, 4 pages, then page tables   mscratch points to the save area
 *   0x80300000   save area
 */
const CODE = 0x8000_0000n;
const DATA = 0x8020_0000;
const DATA_PAGES = 4;
const ROOT = DATA + DATA_PAGES * 4096;
const MIDDLE = ROOT + 4096;
const LEAVES = MIDDLE + 4096;
const SAVE = 0x8030_0000;
/** In virtual memory: the data pages in random order and with random permissions, and all of them as a superpage. */
const DATA_VA = 0x4000_0000;
const SUPERPAGE_VA = 0x4020_0000;
/** Past the end of RAM, and nothing else there. */
const NOWHERE = 0x9000_0000;
/** The code once more, for U-mode. */
const USER_CODE_OFFSET = 0x4000_0000n;
const UART = 0x1000_0000;
const FINISHER = 0x10_0000;

const SAVED = {
  x30: 0,
  x29: 8,
  x28: 16,
  traps: 24,
  end: 32,
  start: 40,
  left: 48,
  next: 56,
  cause: 64,
  pc: 72,
  registers: 80,
};
const [SP, POINTER, POINTER2] = [2, 8, 9];
const POINTERS = [SP, POINTER, POINTER2];
const MPRV = 1 << 17;
const [SUM, MXR] = [1 << 18, 1 << 19];

export type BlockMode = 'M' | 'S' | 'U';

export interface RandomImage {
  elf: Uint8Array;
  /** Mode of each block and the address of its first instruction. */
  blocks: { mode: BlockMode; address: bigint }[];
}

export function randomImage(
  random: SeededRandom,
  options: { blocks: number; units: number; iterations: number; onlyBlock?: number },
): RandomImage {
  const modes: BlockMode[] = [];
  const program: Item[] = [a.j('main'), handler(), epilogue(), 'main:', startUp()];
  for (let i = 0; i < options.blocks; i++) {
    const mode = random.pick<BlockMode>(['M', 'S', 'U']);
    modes.push(mode);
    program.push(`block${i}:`, block(random, { ...options, name: `b${i}`, mode, next: `block${i + 1}` }));
  }
  program.push(`block${options.blocks}:`, powerOff());
  const { bytes, addressOf } = assembleWithLabels(program, CODE);
  return { elf: minimalElf(bytes, CODE), blocks: modes.map((mode, i) => ({ mode, address: addressOf(`b${i}start`) })) };
}

// --- frame of the program ----------------------------------------------------------------------------------------------

const PTE = { V: 1, R: 2, W: 4, X: 8, U: 16, G: 32, A: 64, D: 128 };
const pte = (address: number, flags: number): bigint => (BigInt(address >>> 12) << 10n) | BigInt(flags);

/** Identity for supervisor code, a second view of it for user code, and tables for the data. */
function startUp(): Item[] {
  const everything = PTE.V | PTE.R | PTE.W | PTE.X | PTE.A | PTE.D;
  return [
    a.la(5, 'handler'),
    a.csrw(CSR.mtvec, 5),
    a.li(5, SAVE),
    a.csrw(CSR.mscratch, 5),
    // Physical memory protection lets S and U do everything (one NAPOT entry).
    a.li(5, -1),
    a.csrw(CSR.pmpaddr0, 5),
    a.li(5, 0x1f),
    a.csrw(CSR.pmpcfg0, 5),
    storeConstant(ROOT + 8 * (DATA_VA >>> 30), pte(MIDDLE, PTE.V)),
    storeConstant(ROOT + 8 * 2, pte(0x8000_0000, everything)),
    storeConstant(ROOT + 8 * 3, pte(0x8000_0000, everything | PTE.U)),
    storeConstant(MIDDLE, pte(LEAVES, PTE.V)),
    a.li(5, (8n << 60n) | BigInt(ROOT >>> 12)),
    a.csrw(CSR.satp, 5),
  ];
}

function storeConstant(address: number, value: bigint): Item[] {
  return [a.li(5, address), a.li(6, value), a.sd(6, 0, 5)];
}

/** Records the trap, skips the instruction; a fetch that failed goes on after the jump, whose link is in x1. */
function handler(): Item[] {
  const times31 = [a.slli(30, 28, 5), a.sub(28, 30, 28)];
  return [
    'handler:',
    a.csrrw(31, CSR.mscratch, 31),
    a.sd(30, SAVED.x30, 31),
    a.sd(29, SAVED.x29, 31),
    a.sd(28, SAVED.x28, 31),
    // x29: where mepc is in physical memory.
    a.csrr(30, CSR.mepc),
    a.slli(29, 30, 34),
    a.srli(29, 29, 34),
    a.addi(28, 0, 1),
    a.slli(28, 28, 31),
    a.or(29, 29, 28),
    a.ld(28, SAVED.end, 31),
    a.to('atEnd', (offset) => bType(0, 29, 28, offset)),
    a.sd(29, SAVED.pc, 31),
    causeOfAtomics(),
    a.sd(30, SAVED.cause, 31),
    a.ld(28, SAVED.traps, 31),
    a.add(28, 28, 30),
    times31,
    a.csrr(30, CSR.mepc),
    a.add(28, 28, 30),
    times31,
    trapValue(),
    a.add(28, 28, 30),
    times31,
    a.sd(28, SAVED.traps, 31),
    a.csrr(30, CSR.mcause),
    a.addi(28, 0, 12),
    a.to('fetchFault', (offset) => bType(0, 30, 28, offset)),
    a.addi(28, 0, 1),
    a.to('fetchFault', (offset) => bType(0, 30, 28, offset)),
    a.ld(29, SAVED.pc, 31),
    // 4 bytes, or 2 when the low two bits are not 3.
    a.lhu(28, 0, 29),
    a.andi(28, 28, 3),
    a.sltiu(28, 28, 3),
    a.slli(28, 28, 1),
    a.addi(29, 0, 4),
    a.sub(28, 29, 28),
    a.csrr(30, CSR.mepc),
    a.add(30, 30, 28),
    a.csrw(CSR.mepc, 30),
    'resume:',
    a.ld(28, SAVED.x28, 31),
    a.ld(29, SAVED.x29, 31),
    a.ld(30, SAVED.x30, 31),
    a.csrrw(31, CSR.mscratch, 31),
    a.mret,
    'fetchFault:',
    a.csrw(CSR.mepc, 1),
    a.j('resume'),
    'atEnd:',
    a.ld(28, SAVED.left, 31),
    a.addi(28, 28, -1),
    a.sd(28, SAVED.left, 31),
    a.to('epilogue', (offset) => bType(0, 28, 0, offset)),
    a.ld(30, SAVED.start, 31),
    a.csrw(CSR.mepc, 30),
    a.j('resume'),
  ];
}

/** x30: the cause. QEMU 7.2 reports faults of AMOs as those of loads (4, 5, 13): here all are the store's (6, 7, 15). */
function causeOfAtomics(): Item[] {
  const isLoadFault = (cause: number): Item[] => [
    a.addi(28, 0, cause),
    a.to('isLoadFault', (offset) => a.beq(30, 28, offset)),
  ];
  return [
    a.csrr(30, CSR.mcause),
    [4, 5, 13].map(isLoadFault),
    a.j('isCause'),
    'isLoadFault:',
    a.lhu(28, 0, 29),
    a.andi(28, 28, 0x7f),
    a.addi(28, 28, -0x2f),
    a.to('isCause', (offset) => a.bne(28, 0, offset)),
    a.ori(30, 30, 2),
    'isCause:',
  ];
}

/** x30: mtval. For a misaligned access outside memory (5, 7) QEMU reports the aligned piece that failed. */
function trapValue(): Item[] {
  return [
    a.csrr(30, CSR.mtval),
    a.ld(29, SAVED.cause, 31),
    a.andi(29, 29, -3),
    a.addi(29, 29, -5),
    a.to('isValue', (offset) => a.bne(29, 0, offset)),
    a.andi(30, 30, -8),
    'isValue:',
  ];
}

const RECORDED_CSRS = [CSR.mstatus, CSR.sscratch, CSR.stval, CSR.scause, CSR.stvec, CSR.mcause, CSR.mtval];

/** Prints the block's line and goes to the next block. */
function epilogue(): Item[] {
  const saved = (register: number): number => SAVED.registers + register * 8;
  return [
    'epilogue:',
    Array.from({ length: 27 }, (_, i) => a.sd(i + 1, saved(i + 1), 31)),
    [28, 29, 30].map((register) => [a.ld(1, SAVED[`x${register}` as 'x28'], 31), a.sd(1, saved(register), 31)]),
    a.csrrw(1, CSR.mscratch, 31),
    a.sd(1, saved(31), 31),
    RECORDED_CSRS.map((csr, i) => [a.csrr(1, csr), a.sd(1, saved(32 + i), 31)]),
    a.li(1, MPRV | SUM | MXR),
    a.csrrc(0, CSR.mstatus, 1),
    a.addi(10, 31, saved(1)),
    a.addi(11, 31, saved(32 + RECORDED_CSRS.length)),
    a.to('hash', (offset) => a.jal(1, offset)),
    a.li(10, SAVE + SAVED.traps),
    a.addi(11, 10, 8),
    a.to('hash', (offset) => a.jal(1, offset)),
    a.li(10, DATA),
    a.li(11, LEAVES + 4096),
    a.to('hash', (offset) => a.jal(1, offset)),
    a.addi(5, 0, 10),
    a.to('print', (offset) => a.jal(1, offset)),
    a.li(31, SAVE),
    a.ld(5, SAVED.next, 31),
    a.jalr(0, 0, 5),
    // Prints a hash of the 64-bit words from x10 to x11, and a space.
    'hash:',
    a.addi(7, 1, 0),
    a.li(12, 0x9e37_79b9_7f4a_7c15n),
    a.addi(13, 0, 0),
    'more:',
    a.ld(14, 0, 10),
    a.add(13, 13, 14),
    a.mul(13, 13, 12),
    a.srli(14, 13, 32),
    a.xor(13, 13, 14),
    a.addi(10, 10, 8),
    a.to('more', (offset) => a.bltu(10, 11, offset)),
    a.addi(15, 0, 60),
    'digit:',
    a.srl(5, 13, 15),
    a.andi(5, 5, 15),
    a.slti(14, 5, 10),
    a.to('decimal', (offset) => a.bne(14, 0, offset)),
    a.addi(5, 5, 39),
    'decimal:',
    a.addi(5, 5, 48),
    a.to('print', (offset) => a.jal(1, offset)),
    a.addi(15, 15, -4),
    a.to('digit', (offset) => a.bge(15, 0, offset)),
    a.addi(5, 0, 32),
    a.addi(1, 7, 0),
    // Prints the character in x5.
    'print:',
    a.lui(6, UART),
    'busy:',
    a.lbu(14, 5, 6),
    a.andi(14, 14, 0x20),
    a.to('busy', (offset) => a.beq(14, 0, offset)),
    a.sb(5, 0, 6),
    a.jalr(0, 0, 1),
  ];
}

const powerOff = (): Item[] => [a.li(5, FINISHER), a.li(6, 0x5555), a.sw(6, 0, 5), 'wait:', a.j('wait')];

// --- a block -----------------------------------------------------------------------------------------------------------

interface BlockOptions {
  units: number;
  iterations: number;
  name: string;
  mode: BlockMode;
  next: string;
}

function block(random: SeededRandom, options: BlockOptions): Item[] {
  const { name, mode, next, iterations, units } = options;
  const body = Array.from({ length: units }, (_, i) => [`${name}u${i}:`, unit(random, { ...options, index: i })]);
  return [
    tables(random),
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
    status(random, mode),
    registers(random, mode),
    a.mret,
    `${name}start:`,
    body,
    `${name}end:`,
    a.ecall,
  ];
}

/** mstatus for the block's mode, with SUM and MXR at random. */
function status(random: SeededRandom, mode: BlockMode): Item[] {
  const privilege = { M: 3, S: 1, U: 0 }[mode];
  const bits = (privilege << 11) | random.pick([0, SUM, MXR, SUM | MXR]);
  return [a.li(5, (3 << 11) | MPRV | SUM | MXR), a.csrrc(0, CSR.mstatus, 5), a.li(5, bits), a.csrrs(0, CSR.mstatus, 5)];
}

/** Every register gets a value; the pointers point to the data, as physical or virtual addresses. */
function registers(random: SeededRandom, mode: BlockMode): Item[] {
  const base = mode === 'M' ? DATA : random.chance(0.8) ? DATA_VA : SUPERPAGE_VA;
  const pointer: Record<number, number> = {
    [SP]: base + 0x1000 - 8 * random.below(20),
    [POINTER]: base + 0x800 + 8 * random.below(64),
    [POINTER2]: base + 0x3000 - random.below(64),
  };
  return Array.from({ length: 31 }, (_, i) => a.li(i + 1, BigInt(pointer[i + 1] ?? value(random))));
}

const INTERESTING = [0n, 1n, -1n, 0x7fff_ffffn, -0x8000_0000n, 0x8000_0000n, 1n << 63n, (1n << 63n) - 1n, 0xffff_ffffn];

function value(random: SeededRandom): bigint {
  if (random.chance(0.4)) return random.pick(INTERESTING);
  const bits = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
  return bits >> BigInt(random.below(64));
}

/** New permissions for the data pages and the superpage. */
function tables(random: SeededRandom): Item[] {
  const leaves = Array.from({ length: DATA_PAGES }, (_, i) => storeConstant(LEAVES + 8 * i, leaf(random)));
  const superpage = pte(DATA + (random.chance(0.1) ? 4096 : 0), leafFlags(random));
  return [leaves, storeConstant(MIDDLE + 8, superpage)];
}

/**
 * Now and then with a reserved bit. Not of pages outside memory: what an access that crosses into one has done when it
 * faults is left open by the manual, and QEMU's order is another.
 */
function leaf(random: SeededRandom): bigint {
  const entry = pte(DATA + 4096 * random.below(DATA_PAGES), leafFlags(random));
  if (random.chance(0.03)) return entry | (1n << BigInt(54 + random.below(7)));
  return random.chance(0.3) ? entry | (BigInt(random.below(4)) << 8n) : entry;
}

/** Most pages allow most things. */
function leafFlags(random: SeededRandom): number {
  let flags = PTE.V | PTE.R | PTE.W;
  if (random.chance(0.3)) flags |= PTE.X;
  if (random.chance(0.5)) flags |= PTE.U;
  if (random.chance(0.5)) flags |= PTE.A;
  if (random.chance(0.5)) flags |= PTE.D;
  if (random.chance(0.1)) flags |= PTE.G;
  for (const bit of [PTE.V, PTE.R, PTE.W]) if (random.chance(0.08)) flags &= ~bit;
  // QEMU 7.2 marks a page that an AMO may only read as accessed before the AMO faults.
  if (!(flags & PTE.W)) flags |= PTE.A;
  return flags;
}

// --- units: one or a few instructions that branches only enter at their start --------------------------------------------

interface UnitOptions extends BlockOptions {
  index: number;
}

const UNITS: [weight: number, make: (random: SeededRandom, options: UnitOptions) => Item][] = [
  [20, (r) => r.pick(Object.values(REGISTER_OPERATIONS))(destination(r), source(r), source(r))],
  [4, (r) => r.pick(Object.values(UNARY_OPERATIONS))(destination(r), source(r))],
  [10, (r) => r.pick(Object.values(IMMEDIATE_OPERATIONS))(destination(r), source(r), r.below(4096) - 2048)],
  [8, randomShift],
  [3, (r) => r.pick([a.lui, a.auipc])(r.pick([destination(r), destination(r)]), r.uint32())],
  [25, compressed],
  [14, (r) => r.pick(Object.values(LOADS))(destination(r), offset(r), r.pick(POINTERS))],
  [14, (r) => r.pick(Object.values(STORES))(source(r), offset(r), r.pick(POINTERS))],
  [8, atomic],
  [3, reservation],
  [10, forwardBranch],
  [4, forwardCompressed],
  [4, indirectJump],
  [4, csrAccess],
  [2, illegal],
  [2, (r) => r.pick<number>([a.ecall, a.ebreak, a.cEbreak])],
  [1, (r) => r.pick<number>([a.fence, a.fenceI, a.cNop, a.nop])],
  [1, (r, { mode }) => (mode === 'U' ? a.nop : r.pick([a.sfenceVma, a.sfenceVma | (8 << 15)]))],
  [2, badJump],
  [3, otherPermissions],
  [2, otherPage],
  [3, patchedCode],
  [1, (r) => [a.li(5, BigInt(NOWHERE + r.below(4096))), r.pick([a.ld(6, 0, 5), a.sw(6, 3, 5), a.amoaddW(6, 7, 5)])]],
  [1, (r) => [a.li(5, value(r) | (1n << 62n)), r.pick([a.ld(6, 0, 5), a.sw(6, 0, 5)])]],
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

/** Any register but the pointers; x0 too. */
function destination(random: SeededRandom): number {
  for (;;) {
    const register = random.below(32);
    if (!POINTERS.includes(register)) return register;
  }
}
const source = (random: SeededRandom): number => random.below(32);
/** Aligned or not, and across pages because the pointers stand near their ends. */
const offset = (random: SeededRandom): number =>
  random.chance(0.6) ? 8 * (random.below(32) - 8) : random.below(512) - 128;

function randomShift(random: SeededRandom): Item {
  const name = random.pick(Object.keys(SHIFT_OPERATIONS) as (keyof typeof SHIFT_OPERATIONS)[]);
  return SHIFT_OPERATIONS[name](destination(random), source(random), random.below(shiftLimit(name)));
}

/** Any compressed instruction that neither jumps nor writes a pointer; illegal ones too. */
function compressed(random: SeededRandom): Item {
  for (;;) {
    const half = random.below(0x1_0000);
    if ((half & 3) === 3) continue;
    const { name, rd, rs1 } = expandCompressed(half);
    if (['JAL', 'JALR', 'BEQ', 'BNE', 'SYSTEM'].includes(name) || POINTERS.includes(rd)) continue;
    if (['LW', 'LD', 'SW', 'SD'].includes(name) && !POINTERS.includes(rs1)) continue;
    if (name === 'ILLEGAL' && random.chance(0.8)) continue;
    return half;
  }
}

/** On naturally aligned places mostly. */
function atomic(random: SeededRandom): Item {
  const encode = random.pick(Object.values(ATOMICS));
  const ordering = random.below(4) << 25;
  const [address, ...rest] = aligned(random);
  return [address, ...rest, (encode(destination(random), source(random), 5) | ordering) >>> 0];
}

/** x5: an 8-byte aligned place in the data, rarely 4 or less. */
function aligned(random: SeededRandom): Item[] {
  const slack = random.chance(0.1) ? random.below(8) : 0;
  return [a.addi(5, random.pick(POINTERS), 8 * random.below(16)), a.andi(5, 5, -8), a.addi(5, 5, slack)];
}

/**
 * LR and SC of one width, with something in between. Whether an SC to another place than its LR's may fault is left
 * open by the manual: that one comes in M-mode only, where nothing faults.
 */
function reservation(random: SeededRandom, { mode }: UnitOptions): Item {
  const isWide = random.chance(0.5);
  const place = [a.addi(5, random.pick(POINTERS), 8 * random.below(16)), a.andi(5, 5, -8)];
  const elsewhere = mode === 'M' ? a.addi(5, 5, 8) : a.nop;
  const between = random.pick<Item>([[], a.sd(source(random), 0, 5), elsewhere, a.ecall, a.sb(6, 0, 5)]);
  const load = isWide ? a.lrD(6, 5) : a.lrW(6, 5);
  const store = (isWide ? a.scD : a.scW)(destination(random), source(random), 5);
  return [place, random.chance(0.9) ? load : [], between, store];
}

/** S: SUM and MXR change. M: one access with the translation and permissions of S or U (MPRV). */
function otherPermissions(random: SeededRandom, { mode }: UnitOptions): Item {
  const bits = random.pick([SUM, MXR, SUM | MXR]);
  if (mode === 'S') return [a.li(5, bits), random.pick([a.csrrs, a.csrrc])(0, CSR.sstatus, 5)];
  if (mode === 'U') return [];
  const privilege = random.pick([0, 1]) << 11;
  const address = random.pick([DATA_VA, SUPERPAGE_VA]) + random.below(DATA_PAGES * 4096);
  const access = random.pick([a.ld(6, 0, 7), a.sw(6, 0, 7), a.lb(6, 0, 7), a.amoaddD(6, 8, 7), a.sh(1, 0, 7)]);
  return [
    a.li(7, access & 0x08 ? address & -8 : address),
    a.li(5, MPRV | privilege | bits),
    a.csrrs(0, CSR.mstatus, 5),
    access,
    a.li(5, MPRV | (3 << 11) | bits),
    a.csrrc(0, CSR.mstatus, 5),
  ];
}

/** Another page or permission at once: the table is written and the translations flushed. */
function otherPage(random: SeededRandom, { mode }: UnitOptions): Item {
  if (mode === 'U') return [];
  const page = random.below(DATA_PAGES);
  return [storeConstant(LEAVES + 8 * page, leaf(random)), a.sfenceVma];
}

const later = (random: SeededRandom, { name, index, units }: UnitOptions): string => {
  const target = index + 1 + random.below(8);
  return target < units ? `${name}u${target}` : `${name}end`;
};

function forwardBranch(random: SeededRandom, options: UnitOptions): Item {
  const label = later(random, options);
  if (random.chance(0.2)) return a.to(label, (distance) => a.jal(destination(random), distance));
  const encode = random.pick(Object.values(BRANCHES));
  const [x, y] = [source(random), source(random)];
  return a.to(label, (distance) => encode(x, y, distance));
}

const cjOffset = (o: number): number =>
  (((o >> 11) & 1) << 12) |
  (((o >> 4) & 1) << 11) |
  (((o >> 8) & 3) << 9) |
  (((o >> 10) & 1) << 8) |
  ((((o >> 6) & 1) << 7) | (((o >> 7) & 1) << 6) | (((o >> 1) & 7) << 3) | (((o >> 5) & 1) << 2));
const cbOffset = (o: number): number =>
  (((o >> 8) & 1) << 12) |
  (((o >> 3) & 3) << 10) |
  (((o >> 6) & 3) << 5) |
  (((o >> 1) & 3) << 3) |
  (((o >> 5) & 1) << 2);

/** C.J, C.BEQZ, C.BNEZ over the next unit or two, which are near enough. */
function forwardCompressed(random: SeededRandom, { name, index, units }: UnitOptions): Item {
  const target = index + 1 + random.below(2);
  const label = target < units ? `${name}u${target}` : `${name}end`;
  const register = random.below(8) << 7;
  const [base, encode] = random.pick<[number, (o: number) => number]>([
    [0xa001, cjOffset],
    [0xc001 | register, cbOffset],
    [0xe001 | register, cbOffset],
  ]);
  return { compressed: (here: Here) => base | encode(here.to(label)) };
}

/** JALR, C.JR and C.JALR to a later unit. */
function indirectJump(random: SeededRandom, options: UnitOptions): Item {
  const odd = random.chance(0.2) ? 1 : 0;
  const jump = random.pick<number>([
    a.jalr(destination(random), odd, 5),
    a.jalr(5, odd, 5),
    0x8002 | (5 << 7),
    0x9002 | (5 << 7),
  ]);
  return [a.la(5, later(random, options)), jump];
}

/** To where nothing can be fetched; the handler goes on at x1, after the jump. */
function badJump(random: SeededRandom, { mode }: UnitOptions): Item {
  const nowhere = random.pick([0x10n, 0x4444n, 1n << 40n, -2n]);
  return [a.li(5, mode === 'M' ? random.pick([0x40n, BigInt(NOWHERE)]) : nowhere), a.jalr(1, 0, 5)];
}

function csrAccess(random: SeededRandom): Item {
  const encode = random.pick([a.csrrw, a.csrrs, a.csrrc, a.csrrwi, a.csrrsi, a.csrrci]);
  // QEMU 7.2 lets csrrs and csrrc of a read-only register pass when they would change nothing: none of these here.
  if (random.chance(0.1)) return random.pick([a.csrrw, a.csrrwi])(destination(random), 0xf14, source(random));
  const csr = random.pick<number>([CSR.sscratch, CSR.stval, CSR.scause, CSR.sscratch, CSR.stvec, 0x7ff, 0x8ff]);
  return encode(destination(random), csr, source(random));
}

function illegal(random: SeededRandom): Item {
  for (;;) {
    const bits = (random.uint32() | 3) >>> 0;
    const isUsed = [0x0f, 0x73, 0x57, 0x6b, 0x5b, 0x7b, 0x0b, 0x2b].includes(bits & 0x7f);
    if (!isLegalWord(bits) && !isUsed) return bits;
  }
}

/** An instruction that changes each time the block runs: its word is exchanged just before, a FENCE.I between. */
function patchedCode(random: SeededRandom, { name, index }: UnitOptions): Item {
  const slot = `${name}slot${index}`;
  const [one, other] = [0, 1].map(() =>
    random.pick(Object.values(REGISTER_OPERATIONS))(destination(random), source(random), source(random)),
  );
  return [
    a.la(5, slot),
    a.lw(6, 0, 5),
    a.li(7, BigInt(one ^ other)),
    a.xor(6, 6, 7),
    random.chance(0.5) ? a.sw(6, 0, 5) : [a.sh(6, 0, 5), a.srli(6, 6, 16), a.sh(6, 2, 5)],
    a.fenceI,
    `${slot}:`,
    one,
  ];
}

// --- ELF ---------------------------------------------------------------------------------------------------------------

/** One segment, loaded and started at `address` (System V ABI: ELF header of 64 bytes, one program header of 56). */
export function minimalElf(code: Uint8Array, address: bigint): Uint8Array {
  const bytes = new Uint8Array(0x1000 + code.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // executable
  view.setUint16(18, 243, true); // RISC-V
  view.setUint32(20, 1, true);
  view.setBigUint64(24, address, true);
  view.setBigUint64(32, 64n, true); // program headers
  view.setUint32(48, 1, true); // flags: RVC
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true); // PT_LOAD
  view.setUint32(68, 7, true);
  view.setBigUint64(72, 0x1000n, true);
  view.setBigUint64(80, address, true);
  view.setBigUint64(88, address, true);
  view.setBigUint64(96, BigInt(code.length), true);
  view.setBigUint64(104, BigInt(code.length), true);
  view.setBigUint64(112, 0x1000n, true);
  bytes.set(code, 0x1000);
  return bytes;
}
