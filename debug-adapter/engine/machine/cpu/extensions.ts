import { assert } from '../../base/assert.ts';

/**
 * The instruction set of a machine. New machines have all extensions in the table below; a recorded machine has exactly
 * the extensions in the recording's header, because an instruction that was illegal in the recording must be illegal in
 * the replay. Instructions of a missing extension decode to ILLEGAL; isa/ lists the instructions of each extension.
 * Generated code for CSRs and address translation checks `hasExtension` (coreContext.ts), which reads a flag from
 * memory, so the generated core is the same for every machine.
 */
export interface InstructionSet {
  /** The `isa` string, as in the device tree's `riscv,isa` property and in a recording's header. */
  readonly isa: string;
  /** The combined `EXTENSION_BIT`s of the machine's optional extensions; the value of the EXTENSIONS slot. */
  readonly bits: number;
  /** The optional extensions that the machine lacks. */
  readonly missing: ReadonlySet<string>;
}

/**
 * Every machine has the extensions 'named from the start' and 'named later', but `riscv,isa` lists those 'named later'
 * only in newer recordings. 'optional' extensions determine which instructions exist and what `hasExtension` returns.
 */
type Extension = 'named from the start' | 'named later' | 'optional';

/** Extensions are in the same order as in QEMU 10's device tree (target/riscv/cpu.c, isa_edata_arr). */
const EXTENSIONS = {
  // Cache blocks are 64 bytes; a prefetch is encoded as an ORI with destination x0, so it is a hint.
  zic64b: 'named later',
  zicbom: 'optional',
  zicbop: 'named later',
  zicboz: 'optional',
  // These names denote guarantees that the machine provides: the A extension works on all of RAM, instruction fetches
  // are atomic, misaligned accesses work, and LR/SC loops make progress.
  ziccamoa: 'named later',
  ziccif: 'named later',
  zicclsm: 'named later',
  ziccrse: 'named later',
  zicond: 'optional',
  zicntr: 'named later',
  zicsr: 'named from the start',
  zifencei: 'named from the start',
  // The next two extensions consist only of hints, which are encoded as ADD with destination x0 (Zihintntl) and as
  // FENCE (Zihintpause).
  zihintntl: 'named later',
  zihintpause: 'named later',
  // Zihpm requires event counters; on this machine they read as zero.
  zihpm: 'named later',
  // Zmmul is part of M, Zaamo and Zalrsc are the parts of A, and Zca and Zcd are parts of C.
  zmmul: 'named later',
  za64rs: 'named later',
  zaamo: 'named later',
  zalrsc: 'named later',
  zawrs: 'optional',
  zfh: 'optional',
  zfhmin: 'optional',
  zca: 'named later',
  zcd: 'named later',
  zba: 'named from the start',
  zbb: 'named from the start',
  zbc: 'optional',
  zbs: 'named from the start',
  // Except for Sstc, these Ss names denote guarantees that the machine provides: page tables in RAM are readable,
  // scounteren, stval and stvec meet the profiles' requirements, and U-mode is 64-bit.
  ssccptr: 'named later',
  sscounterenw: 'named later',
  sstc: 'named from the start',
  sstvala: 'named later',
  sstvecd: 'named later',
  ssu64xl: 'named later',
  svinval: 'named from the start',
  svpbmt: 'optional',
  // The machine meets the requirements of Svvptc, because failed translations are not cached.
  svvptc: 'named later',
} satisfies Record<string, Extension>;

export type ExtensionName = keyof typeof EXTENSIONS;

const TABLE = Object.entries(EXTENSIONS) as [ExtensionName, Extension][];
const OPTIONAL = TABLE.flatMap(([name, extension]) => (extension === 'optional' ? [name] : []));
assert(OPTIONAL.length <= 31, 'optional extensions fit into the low half of their slot');

/** The bit of an optional extension in `InstructionSet.bits`; undefined for an extension that every machine has. */
export const EXTENSION_BIT = Object.fromEntries(OPTIONAL.map((name, i) => [name, 1 << i])) as Partial<
  Record<ExtensionName, number>
>;

const isaOf = (names: readonly string[]): string => [BASE, ...names].join('_');
const BASE = 'rv64imafdc';

/** The `isa` string of new machines. */
export const ISA = isaOf(TABLE.map(([name]) => name));

/** The `isa` string of machines recorded before extensions became optional (formats 2 to 4). */
export const LEGACY_ISA = isaOf(
  TABLE.flatMap(([name, extension]) => (extension === 'named from the start' ? [name] : [])),
);

/** The single-letter and named extensions of an instruction set, as in `riscv,isa-extensions`. */
export function extensionsIn(isa: string): string[] {
  const [base, ...names] = isa.split('_');
  return [...base.slice(BASE_INTEGERS.length - 1), ...names];
}

/** The value of `riscv,isa-base`. */
export const BASE_INTEGERS = 'rv64i';

/** The reason why a recorded instruction set is not supported; undefined if it is supported. */
export function unsupportedIn(isa: string): string | undefined {
  const [base, ...names] = isa.split('_');
  if (base !== BASE) return base;
  const missing = LEGACY_ISA.split('_').find((name) => name !== BASE && !names.includes(name));
  if (missing) return `no ${missing}`;
  return names.find((name) => !Object.hasOwn(EXTENSIONS, name));
}

/** Parses the `isa` string of a machine, for which `unsupportedIn` must return undefined. */
export function instructionSet(isa: string): InstructionSet {
  assert(unsupportedIn(isa) === undefined, 'the instruction set is supported');
  const names = isa.split('_');
  const missing = new Set<string>();
  let bits = 0;
  for (const name of OPTIONAL) {
    if (names.includes(name)) bits |= EXTENSION_BIT[name]!;
    else missing.add(name);
  }
  return { isa, bits, missing };
}

/** The instruction set of new machines. */
export const ALL_INSTRUCTIONS = instructionSet(ISA);
