import type { SeededRandom } from '../../../support/seededRandom.ts';
import {
  a,
  ATOMICS,
  BRANCHES,
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
import { DYNAMIC, FLOAT_LOADS, FLOAT_OPERATIONS, FLOAT_STORES } from './floatAssembler.ts';
import { expandCompressed, isLegalWord } from './manualTables.ts';
import {
  type BlockOptions,
  DATA_PAGES,
  DATA_VA,
  GIGAPAGE_VA,
  LEAVES,
  MPRV,
  MXR,
  NOWHERE,
  POINTERS,
  type ProgramKind,
  SUM,
  SUPERPAGE_VA,
  TERAPAGE_VA,
  UPPER_HALF,
} from './randomLayout.ts';
import { CACHE_BLOCKS } from './randomCacheBlocks.ts';
import { destination, floatValue, offset, source, value } from './randomOperands.ts';
import { leaf, storeConstant } from './randomTables.ts';

/**
 * The units of random programs. Each unit consists of one or a few instructions; only its first instruction is a branch
 * target.
 */
export interface UnitOptions extends BlockOptions {
  index: number;
}

const FENCES = [a.sfenceVma, a.sfenceVma | (8 << 15), a.sinvalVma, a.sfenceWInval, a.sfenceInvalIr];

const UNITS: Units = [
  [20, (r) => r.pick(Object.values(REGISTER_OPERATIONS))(destination(r), source(r), source(r))],
  [4, oneOperand],
  [10, (r) => r.pick(Object.values(IMMEDIATE_OPERATIONS))(destination(r), source(r), r.below(4096) - 2048)],
  [8, randomShift],
  [3, (r) => r.pick([a.lui, a.auipc])(r.pick([destination(r), destination(r)]), r.uint32())],
  [25, compressed],
  [14, (r, o) => r.pick(Object.values(LOADS))(destination(r), offset(r, o), r.pick(POINTERS))],
  [14, (r, o) => r.pick(Object.values(STORES))(source(r), offset(r, o), r.pick(POINTERS))],
  [30, floatOperation],
  [8, (r, o) => r.pick(Object.values(FLOAT_LOADS))(r.below(32), offset(r, o), r.pick(POINTERS))],
  [8, (r, o) => r.pick(Object.values(FLOAT_STORES))(r.below(32), offset(r, o), r.pick(POINTERS))],
  [6, (r) => [a.li(5, floatValue(r)), FLOAT_OPERATIONS['fmv.d.x'].encode({ rd: r.below(32), rs1: 5 })]],
  [3, (r) => a.csrrwi(destination(r), CSR.frm, r.chance(0.9) ? r.below(5) : r.below(8))],
  [8, (r, o) => (o.isAligned ? [] : atomic(r))],
  [3, (r, o) => (o.isAligned ? [] : reservation(r, o))],
  [10, forwardBranch],
  [4, forwardCompressed],
  [4, indirectJump],
  [4, csrAccess],
  [2, illegal],
  [2, (r, { hasBreaks }) => (hasBreaks ? r.pick<number>([a.ecall, a.ebreak, a.cEbreak]) : a.ecall)],
  [1, (r) => r.pick<number>([a.fence, a.fenceI, a.cNop, a.nop])],
  // QEMU 7.2 allows Svinval's fences in U mode, so no fences are generated there.
  [2, (r, { mode }) => (mode === 'U' ? a.nop : r.pick<number>(FENCES))],
  [2, badJump],
  [3, otherPermissions],
  [2, otherPage],
  [3, patchedCode],
  [1, (r) => [a.li(5, BigInt(NOWHERE + r.below(4096))), r.pick([a.ld(6, 0, 5), a.sw(6, 3, 5), a.amoaddW(6, 7, 5)])]],
  [
    1,
    (r, o) => [a.li(5, (value(r) | (1n << 62n)) & (o.isAligned ? -8n : -1n)), r.pick([a.ld(6, 0, 5), a.sw(6, 0, 5)])],
  ],
];

export type Units = [weight: number, make: (random: SeededRandom, options: UnitOptions) => Item][];

/** The units of `paging` and `blocks` programs: mainly accesses, and changes that affect accesses. */
const PAGING: Units = [
  [10, (r) => r.pick(Object.values(REGISTER_OPERATIONS))(destination(r), source(r), source(r))],
  [30, (r, o) => r.pick(Object.values(LOADS))(destination(r), offset(r, o), r.pick(POINTERS))],
  [30, (r, o) => r.pick(Object.values(STORES))(source(r), offset(r, o), r.pick(POINTERS))],
  [10, forwardBranch],
  [4, otherPermissions],
  [4, otherPage],
  [4, manyBits],
];

const BY_KIND: Record<ProgramKind, Units> = { general: UNITS, paging: PAGING, blocks: [...PAGING, ...CACHE_BLOCKS] };

export function unit(random: SeededRandom, options: UnitOptions): Item {
  const units = BY_KIND[options.kind];
  let left = random.below(units.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of units) {
    if (left < weight) return make(random, options);
    left -= weight;
  }
  throw new Error('weights do not add up');
}

/**
 * An operation with one operand. If the lower word is zero, CTZW in QEMU 7.2 continues to count in the upper word, so
 * programs set bit 0 of the operand first.
 */
function oneOperand(random: SeededRandom): Item {
  const encode = random.pick(Object.values(UNARY_OPERATIONS));
  if (encode === UNARY_OPERATIONS.ctzw) return [a.ori(5, source(random), 1), encode(destination(random), 5)];
  return encode(destination(random), source(random));
}

function randomShift(random: SeededRandom): Item {
  const name = random.pick(Object.keys(SHIFT_OPERATIONS) as (keyof typeof SHIFT_OPERATIONS)[]);
  return SHIFT_OPERATIONS[name](destination(random), source(random), random.below(shiftLimit(name)));
}

/** Any compressed instruction, even an illegal one, that neither jumps nor writes a pointer. */
function compressed(random: SeededRandom): Item {
  for (;;) {
    const half = random.below(0x1_0000);
    if ((half & 3) === 3) continue;
    const { name, rd, rs1 } = expandCompressed(half);
    if (['JAL', 'JALR', 'BEQ', 'BNE', 'SYSTEM'].includes(name) || POINTERS.includes(rd)) continue;
    if (['LW', 'LD', 'SW', 'SD', 'FLD', 'FSD'].includes(name) && !POINTERS.includes(rs1)) continue;
    if (name === 'ILLEGAL' && random.chance(0.8)) continue;
    return half;
  }
}

/** A floating-point operation, usually with the dynamic rounding mode (from fcsr) and sometimes with a reserved one. */
function floatOperation(random: SeededRandom): Item {
  const { encode, toFloat, fromFloat } = random.pick(Object.values(FLOAT_OPERATIONS));
  return encode({
    rd: toFloat ? random.below(32) : destination(random),
    rs1: fromFloat ? random.below(32) : source(random),
    rs2: random.below(32),
    rs3: random.below(32),
    mode: random.chance(0.6) ? DYNAMIC : random.below(8),
  });
}

/** An atomic instruction, usually at a naturally aligned address. */
function atomic(random: SeededRandom): Item {
  const encode = random.pick(Object.values(ATOMICS));
  const ordering = random.below(4) << 25;
  const [address, ...rest] = aligned(random);
  return [address, ...rest, (encode(destination(random), source(random), 5) | ordering) >>> 0];
}

/** Sets x5 to an address in the data: usually 8-byte aligned, rarely misaligned by up to 7 bytes. */
function aligned(random: SeededRandom): Item[] {
  const slack = random.chance(0.1) ? random.below(8) : 0;
  return [a.addi(5, random.pick(POINTERS), 8 * random.below(16)), a.andi(5, 5, -8), a.addi(5, 5, slack)];
}

/**
 * LR and SC of the same width, with another instruction in between. The manual does not define whether an SC to an
 * address other than its LR's may fault, so that case is generated only in M mode, where nothing faults.
 */
function reservation(random: SeededRandom, { mode }: UnitOptions): Item {
  const isWide = random.chance(0.5);
  const location = [a.addi(5, random.pick(POINTERS), 8 * random.below(16)), a.andi(5, 5, -8)];
  const elsewhere = mode === 'M' ? a.addi(5, 5, 8) : a.nop;
  const between = random.pick<Item>([[], a.sd(source(random), 0, 5), elsewhere, a.ecall, a.sb(6, 0, 5)]);
  const load = isWide ? a.lrD(6, 5) : a.lrW(6, 5);
  const store = (isWide ? a.scD : a.scW)(destination(random), source(random), 5);
  return [location, random.chance(0.9) ? load : [], between, store];
}

/**
 * In S mode, changes SUM and MXR. In M mode, makes one access with the translation and permissions of S or U mode
 * (MPRV).
 */
function otherPermissions(random: SeededRandom, { mode, isAligned }: UnitOptions): Item {
  const bits = random.pick([SUM, MXR, SUM | MXR]);
  if (mode === 'S') return [a.li(5, bits), random.pick([a.csrrs, a.csrrc])(0, CSR.sstatus, 5)];
  if (mode === 'U') return [];
  const privilege = random.pick([0, 1]) << 11;
  const address = random.pick([DATA_VA, SUPERPAGE_VA]) + random.below(DATA_PAGES * 4096);
  const atomics = isAligned ? [] : [a.amoaddD(6, 8, 7)];
  const access = random.pick([a.ld(6, 0, 7), a.sw(6, 0, 7), a.lb(6, 0, 7), a.sh(1, 0, 7), ...atomics]);
  return [
    a.li(7, access & 0x08 || isAligned ? address & -8 : address),
    a.li(5, MPRV | privilege | bits),
    a.csrrs(0, CSR.mstatus, 5),
    access,
    a.li(5, MPRV | (3 << 11) | bits),
    a.csrrc(0, CSR.mstatus, 5),
  ];
}

/**
 * Flips one bit of an address in the data and accesses the result, which is usually unmapped or not canonical. Bit 39
 * is never flipped, because the result would be in the terapage, where QEMU has PCI memory.
 */
function manyBits(random: SeededRandom, { mode, isAligned }: UnitOptions): Item {
  if (mode === 'M') return [];
  const location = BigInt(random.pick([DATA_VA, SUPERPAGE_VA, GIGAPAGE_VA, TERAPAGE_VA, UPPER_HALF + DATA_VA]));
  const address =
    (location + BigInt(8 * random.below(1024))) ^ (1n << BigInt(random.pick([36, 37, 38, 40 + random.below(24)])));
  const access = random.pick([a.ld(6, 0, 5), a.sd(6, 0, 5), a.lb(6, 3, 5), ...(isAligned ? [] : [a.lw(6, 0xffe, 5)])]);
  return [a.li(5, address), random.chance(0.2) ? a.jalr(1, 0, 5) : access];
}

/**
 * Changes the mapping or the permissions of a page with immediate effect: writes the table and flushes the
 * translations.
 */
function otherPage(random: SeededRandom, { mode, kind }: UnitOptions): Item {
  if (mode === 'U') return [];
  const page = random.below(DATA_PAGES);
  return [storeConstant(LEAVES + 8 * page, leaf(random, kind)), a.sfenceVma];
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

/** A C.J, C.BEQZ or C.BNEZ to one of the next two units, which are within the range of these instructions. */
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

/** JALR, C.JR or C.JALR to a later unit. */
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

/**
 * A jump to an address from which no instruction can be fetched. The handler returns to the address in x1, after the
 * jump.
 */
function badJump(random: SeededRandom, { mode }: UnitOptions): Item {
  const nowhere = random.pick([0x10n, 0x4444n, 1n << 40n, -2n]);
  return [a.li(5, mode === 'M' ? random.pick([0x40n, BigInt(NOWHERE)]) : nowhere), a.jalr(1, 0, 5)];
}

function csrAccess(random: SeededRandom): Item {
  const encode = random.pick([a.csrrw, a.csrrs, a.csrrc, a.csrrwi, a.csrrsi, a.csrrci]);
  // QEMU 7.2 permits csrrs and csrrc on a read-only register if they would change nothing, so those are not generated.
  if (random.chance(0.1)) return random.pick([a.csrrw, a.csrrwi])(destination(random), 0xf14, source(random));
  const csr = random.pick<number>([
    CSR.sscratch,
    CSR.stval,
    CSR.scause,
    CSR.sscratch,
    CSR.stvec,
    0x7ff,
    0x8ff,
    CSR.fflags,
    CSR.fcsr,
  ]);
  return encode(destination(random), csr, source(random));
}

function illegal(random: SeededRandom): Item {
  for (;;) {
    const bits = (random.uint32() | 3) >>> 0;
    const isUsed = [0x0f, 0x73, 0x57, 0x6b, 0x5b, 0x7b, 0x0b, 0x2b].includes(bits & 0x7f);
    if (!isLegalWord(bits) && !isUsed) return bits;
  }
}

/**
 * An instruction that changes each time the block runs: the preceding code replaces the instruction's word and executes
 * a FENCE.I.
 */
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
