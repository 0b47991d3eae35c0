import { assert } from '../../base/assert.ts';
import { HALF_NAMES } from './floatNames.ts';
import { OP, OPERATION_NAMES, type OperationName } from './operations.ts';

/**
 * The instruction set that a machine is built for. New machines have all extensions of the table below, the machine of a
 * recording exactly those that its header names: it must find an instruction illegal that was illegal when it was
 * recorded. An optional extension gates operations, which decoding then makes ILLEGAL, and with `hasExtension`
 * (coreContext.ts) what generated code does about CSRs and translation. Both are data: the core is the same for every machine.
 */
export interface InstructionSet {
  /** As `riscv,isa` in the device tree and in a recording's header. */
  readonly isa: string;
  /** `EXTENSION_BIT` of each optional extension that it has: what goes to the slot EXTENSIONS. */
  readonly bits: number;
  /** By operation: 1 for those of extensions that it lacks. */
  readonly lacks: Uint8Array;
}

/**
 * Some extensions all machines have had since recordings are read, whether or not their `riscv,isa` names them; the others
 * are optional: these operations, and what asks for `hasExtension`, are theirs alone.
 */
type Extension = 'named from the start' | 'named later' | { operations: readonly OperationName[] };

const optional = (...operations: OperationName[]): Extension => ({ operations });

/** Half precision is somewhere to keep numbers (Zfhmin), or to compute in as well. */
const HALF_MOVES = new Set<OperationName>([
  ...(['FMV_X_H', 'FMV_H_X', 'FCVT_S_H', 'FCVT_H_S', 'FCVT_D_H', 'FCVT_H_D'] as const),
]);

/** In the order of QEMU 10's device tree (target/riscv/cpu.c, isa_edata_arr). */
const EXTENSIONS = {
  // Cache blocks have 64 bytes; a prefetch is a hint, an ORI to x0.
  zic64b: 'named later',
  zicbom: optional('CBO'),
  zicbop: 'named later',
  zicboz: optional('CBO_ZERO'),
  // The A extension works on all of RAM, code is fetched in whole words, misaligned accesses work, and LR/SC loops end.
  ziccamoa: 'named later',
  ziccif: 'named later',
  zicclsm: 'named later',
  ziccrse: 'named later',
  zicond: optional('CZERO_EQZ', 'CZERO_NEZ'),
  zicntr: 'named later',
  zicsr: 'named from the start',
  zifencei: 'named from the start',
  // Hints: an ADD to x0, and a FENCE.
  zihintntl: 'named later',
  zihintpause: 'named later',
  // The counters of events read as zero.
  zihpm: 'named later',
  // Parts of M, A and C.
  zmmul: 'named later',
  za64rs: 'named later',
  zaamo: 'named later',
  zalrsc: 'named later',
  zawrs: optional('WRS'),
  zfh: optional(...HALF_NAMES.filter((name) => !HALF_MOVES.has(name))),
  zfhmin: optional('FLH', 'FSH', ...HALF_MOVES),
  zca: 'named later',
  zcd: 'named later',
  zba: 'named from the start',
  zbb: 'named from the start',
  zbc: optional('CLMUL', 'CLMULH', 'CLMULR'),
  zbs: 'named from the start',
  // Page tables in RAM are read; scounteren, stval and stvec hold what the profiles want; U-mode has 64 bits.
  ssccptr: 'named later',
  sscounterenw: 'named later',
  sstc: 'named from the start',
  sstvala: 'named later',
  sstvecd: 'named later',
  ssu64xl: 'named later',
  svinval: 'named from the start',
  svpbmt: optional(),
  // A translation that failed is remembered nowhere.
  svvptc: 'named later',
} satisfies Record<string, Extension>;

export type ExtensionName = keyof typeof EXTENSIONS;

const TABLE = Object.entries(EXTENSIONS) as [ExtensionName, Extension][];
const OPTIONAL = TABLE.flatMap(([name, extension]) => (typeof extension === 'string' ? [] : [{ name, ...extension }]));
assert(OPTIONAL.length <= 31, 'optional extensions fit into the low half of their slot');

/** The bit of an optional extension in `InstructionSet.bits`; none for one that every machine has. */
export const EXTENSION_BIT = Object.fromEntries(OPTIONAL.map(({ name }, i) => [name, 1 << i])) as Partial<
  Record<ExtensionName, number>
>;

const isaOf = (names: readonly string[]): string => [BASE, ...names].join('_');
const BASE = 'rv64imafdc';

/** What new machines have. */
export const ISA = isaOf(TABLE.map(([name]) => name));

/** Of the machines in all recordings that were made before extensions became optional (formats 2 to 4). */
export const FIRST_ISA = isaOf(
  TABLE.flatMap(([name, extension]) => (extension === 'named from the start' ? [name] : [])),
);

/** The letters and names of an instruction set, one by one, as `riscv,isa-extensions` has them. */
export function extensionsIn(isa: string): string[] {
  const [base, ...names] = isa.split('_');
  return [...base.slice(BASE_INTEGERS.length - 1), ...names];
}

/** What `riscv,isa-base` says. */
export const BASE_INTEGERS = 'rv64i';

/** What keeps a recorded instruction set from being built here; undefined for one that can be. */
export function unknownIn(isa: string): string | undefined {
  const [base, ...names] = isa.split('_');
  if (base !== BASE) return base;
  const missing = FIRST_ISA.split('_').find((name) => name !== BASE && !names.includes(name));
  if (missing) return `no ${missing}`;
  return names.find((name) => !Object.hasOwn(EXTENSIONS, name));
}

export function instructionSet(isa: string): InstructionSet {
  assert(unknownIn(isa) === undefined, 'only instruction sets that there are get here');
  const names = isa.split('_');
  const lacks = new Uint8Array(OPERATION_NAMES.length);
  let bits = 0;
  for (const { name, operations } of OPTIONAL) {
    if (names.includes(name)) bits |= EXTENSION_BIT[name]!;
    else for (const operation of operations) lacks[OP[operation]] = 1;
  }
  return { isa, bits, lacks };
}

/** That of new machines. */
export const ALL_INSTRUCTIONS = instructionSet(ISA);
