import type { SeededRandom } from '../../../support/seededRandom.ts';
import { a, CSR, type Item } from './assembler.ts';
import { DATA_PAGES, DATA_VA, MPRV, NOWHERE, POINTERS, SUPERPAGE_VA } from './randomLayout.ts';
import { destination, source } from './randomOperands.ts';
import type { UnitOptions, Units } from './randomUnits.ts';

/**
 * Units for random programs: cache-block operations, WRS, and writes to the registers that enable these operations and
 * memory types.
 */
const OPERATIONS = [a.cboZero, a.cboZero, a.cboInval, a.cboClean, a.cboFlush];

export const CACHE_BLOCKS: Units = [
  [30, onData],
  [4, onNothing],
  [4, asOther],
  [4, reservation],
  [4, (r) => r.pick([a.wrsNto, a.wrsSto])],
  [4, (r, o) => a.csrr(destination(r), r.pick(o.mode === 'M' ? [CSR.menvcfg, CSR.senvcfg] : [CSR.senvcfg]))],
  [3, otherEnvironment],
  [2, (r, { mode }) => (mode === 'M' ? probeSatp(r) : [])],
];

/** Writes random values to menvcfg and senvcfg, usually with everything enabled except for the S-mode timer. */
export function environment(random: SeededRandom): Item[] {
  return [
    a.li(5, environmentBits(random) | (random.chance(0.8) ? PBMTE : 0n)),
    a.csrw(CSR.menvcfg, 5),
    a.li(5, environmentBits(random)),
    a.csrw(CSR.senvcfg, 5),
    a.sfenceVma,
  ];
}

const PBMTE = 1n << 62n;
const environmentBits = (random: SeededRandom): bigint =>
  random.chance(0.6) ? 0xf0n | BigInt(random.below(2)) : BigInt(random.below(256));

/**
 * A cache-block operation on the data. The address is usually unaligned, since the operation affects the whole block.
 */
function onData(random: SeededRandom): Item {
  const operation = random.pick(OPERATIONS);
  if (random.chance(0.3)) return operation(random.pick(POINTERS));
  return [a.addi(5, random.pick(POINTERS), random.below(512) - 128), operation(5)];
}

function onNothing(random: SeededRandom): Item {
  return [a.li(5, BigInt(NOWHERE + random.below(4096))), random.pick(OPERATIONS)(5)];
}

/** With MPRV in M mode, addresses are translated as in S or U mode, but the operation is permitted as in M mode. */
function asOther(random: SeededRandom, { mode }: UnitOptions): Item {
  if (mode !== 'M') return [];
  const address = random.pick([DATA_VA, SUPERPAGE_VA]) + random.below(DATA_PAGES * 4096);
  return [
    a.li(7, address),
    a.li(5, MPRV | (random.pick([0, 1]) << 11)),
    a.csrrs(0, CSR.mstatus, 5),
    random.pick(OPERATIONS)(7),
    a.li(5, MPRV | (3 << 11)),
    a.csrrc(0, CSR.mstatus, 5),
  ];
}

/**
 * LR and SC, with a NOP, a WRS or a cache-block operation on the reserved block in between. They are generated only in
 * M mode, because the manual does not define whether an SC that fails may also fault.
 */
function reservation(random: SeededRandom, { mode, isAligned }: UnitOptions): Item {
  if (isAligned || mode !== 'M') return [];
  const between = random.pick([a.nop, a.wrsNto, a.wrsSto, a.cboZero(5), a.cboFlush(5)]);
  return [
    a.addi(5, random.pick(POINTERS), 8 * random.below(16)),
    a.andi(5, 5, -8),
    a.lrD(6, 5),
    between,
    a.scD(destination(random), source(random), 5),
  ];
}

function otherEnvironment(random: SeededRandom, { mode }: UnitOptions): Item {
  if (mode === 'U') return [];
  return [a.li(5, environmentBits(random)), a.csrw(CSR.senvcfg, 5)];
}

/** Writes a random mode to satp, reads satp, and then restores it. */
function probeSatp(random: SeededRandom): Item {
  const wanted = (BigInt(random.below(16)) << 60n) | BigInt(random.uint32());
  return [a.li(5, wanted), a.csrrw(6, CSR.satp, 5), a.csrr(7, CSR.satp), a.csrw(CSR.satp, 6)];
}
