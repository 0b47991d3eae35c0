import { assert } from '../../base/assert.ts';
import { OP, type OperationName } from './operations.ts';

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

/** The operations of an optional extension; every machine has had the others since recordings are read. */
type Extension = { operations: readonly OperationName[] } | 'always';

const optional = (...operations: OperationName[]): Extension => ({ operations });

/** In the order of QEMU 10's device tree (target/riscv/cpu.c, isa_edata_arr). */
const EXTENSIONS = {
  zicond: optional('CZERO_EQZ', 'CZERO_NEZ'),
  zicsr: 'always',
  zifencei: 'always',
  zba: 'always',
  zbb: 'always',
  zbs: 'always',
  sstc: 'always',
  svinval: 'always',
} satisfies Record<string, Extension>;

export type ExtensionName = keyof typeof EXTENSIONS;

const TABLE = Object.entries(EXTENSIONS) as [ExtensionName, Extension][];
const OPTIONAL = TABLE.flatMap(([name, extension]) => (extension === 'always' ? [] : [{ name, ...extension }]));
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
export const FIRST_ISA = isaOf(TABLE.flatMap(([name, extension]) => (extension === 'always' ? [name] : [])));

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
  const lacks = new Uint8Array(256);
  let bits = 0;
  for (const { name, operations } of OPTIONAL) {
    if (names.includes(name)) bits |= EXTENSION_BIT[name]!;
    else for (const operation of operations) lacks[OP[operation]] = 1;
  }
  return { isa, bits, lacks };
}

/** That of new machines. */
export const ALL_INSTRUCTIONS = instructionSet(ISA);
