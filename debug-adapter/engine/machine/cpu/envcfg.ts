import { type Code, i32, i64, select } from '../../base/wasm/code.ts';
import { hasExtension, PRIVILEGE_MACHINE, PRIVILEGE_USER, slot, slot32 } from './coreContext.ts';
import { EXTENSION_BIT, type ExtensionName, type InstructionSet } from './extensions.ts';
import type { SlotName } from './layout.ts';

/**
 * The features that `menvcfg` and `senvcfg` enable for lower privilege modes (Volume II, "Machine Environment
 * Configuration Register"). A machine implements only the bits that belong to its extensions.
 */
export const ENVCFG = {
  FIOM: 1n,
  /** Any nonzero value of these two bits enables cbo.inval. As in QEMU, this includes the reserved value 2. */
  CBIE: 3n << 4n,
  /** Enables cbo.clean and cbo.flush. */
  CBCFE: 1n << 6n,
  /** Enables cbo.zero. */
  CBZE: 1n << 7n,
  /** Enables memory types in page table entries (Svpbmt). */
  PBMTE: 1n << 62n,
  /** Enables the S-mode timer (Sstc). */
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

/** As in QEMU 10, PBMTE is set at reset, so that kernels started without firmware can use memory types. */
export const menvcfgAtReset = ({ bits }: InstructionSet): bigint => (bits & EXTENSION_BIT.svpbmt! ? ENVCFG.PBMTE : 0n);

/**
 * Nonzero if an operation controlled by menvcfg and senvcfg is illegal. S-mode may execute the operation if menvcfg
 * enables it, and U-mode only if both registers enable it.
 */
export const envcfgForbids = (bits: bigint): Code => {
  const isOff = (name: SlotName): Code => i64.eqz(i64.and(slot(name), i64.const(bits)));
  return i32.and(
    i32.ne(slot32('PRIVILEGE'), i32.const(PRIVILEGE_MACHINE)),
    i32.or(isOff('MENVCFG'), i32.and(i32.eq(slot32('PRIVILEGE'), i32.const(PRIVILEGE_USER)), isOff('SENVCFG'))),
  );
};
