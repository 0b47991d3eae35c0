import { type Code, i32, i64, select } from '../../base/wasm/code.ts';
import { hasExtension, PRIVILEGE_MACHINE, PRIVILEGE_USER, slot, slot32 } from './coreContext.ts';
import { EXTENSION_BIT, type ExtensionName, type InstructionSet } from './extensions.ts';
import type { SlotName } from './layout.ts';

/**
 * What `menvcfg` and `senvcfg` switch on for the modes below (Privileged Architecture, "Machine Environment
 * Configuration Register"): a machine has the bits of the extensions that it has, and those always.
 */
export const ENVCFG = {
  FIOM: 1n,
  /** cbo.inval: two bits, and any value but 0 allows it. As in QEMU, the reserved one, 2, is taken like the others. */
  CBIE: 3n << 4n,
  /** cbo.clean and cbo.flush. */
  CBCFE: 1n << 6n,
  /** cbo.zero. */
  CBZE: 1n << 7n,
  /** Page table entries have a memory type. */
  PBMTE: 1n << 62n,
  /** The S-mode timer. */
  STCE: 1n << 63n,
} as const;

const EXTENSION_BITS: [ExtensionName, bigint][] = [
  ['zicbom', ENVCFG.CBIE | ENVCFG.CBCFE],
  ['zicboz', ENVCFG.CBZE],
  ['svpbmt', ENVCFG.PBMTE],
];

const writableOf = (always: bigint, below: bigint): Code =>
  EXTENSION_BITS.reduce<Code>(
    (mask, [extension, bits]) =>
      i64.or(mask, select(hasExtension(extension), i64.const(BigInt.asIntN(64, bits & below)), i64.const(0))),
    i64.const(BigInt.asIntN(64, always)),
  );

export const menvcfgWritable: Code = writableOf(ENVCFG.STCE | ENVCFG.FIOM, -1n);
export const senvcfgWritable: Code = writableOf(ENVCFG.FIOM, ENVCFG.CBIE | ENVCFG.CBCFE | ENVCFG.CBZE);

/** PBMTE is set at reset, as in QEMU 10, so kernels that start without firmware can use memory types. */
export const menvcfgAtReset = ({ bits }: InstructionSet): bigint => (bits & EXTENSION_BIT.svpbmt! ? ENVCFG.PBMTE : 0n);

/** Not 0 where an operation that both registers switch on is illegal: for S by menvcfg, for U by either. */
export const envcfgForbids = (bits: bigint): Code => {
  const isOff = (name: SlotName): Code => i64.eqz(i64.and(slot(name), i64.const(bits)));
  return i32.and(
    i32.ne(slot32('PRIVILEGE'), i32.const(PRIVILEGE_MACHINE)),
    i32.or(isOff('MENVCFG'), i32.and(i32.eq(slot32('PRIVILEGE'), i32.const(PRIVILEGE_USER)), isOff('SENVCFG'))),
  );
};
