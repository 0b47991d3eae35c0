import { runGdbOnQemu } from './gdbOnQemu.ts';

/** The state of a guest's stack at one stop, as gdb reports it. Numbers are bigints, so they are exact. */
export interface StackSample {
  pc: bigint;
  registers: Record<string, bigint>;
  /** The bytes of the stack around sp in hexadecimal, starting STACK_BELOW bytes below sp. */
  stack: string;
  frames: SampledFrame[];
  reason: string;
}

/** The number of bytes below sp in a sample, which must be the same as in the gdb script. */
export const STACK_BELOW = 1024n;

export interface SampledFrame {
  pc: bigint;
  /** The canonical frame address (CFA); null for the outermost frame. */
  cfa: bigint | null;
  name: string | null;
  line: bigint;
  /** The values of the callee-saved registers, by DWARF number. */
  registers: Record<string, bigint | null>;
  /** The values of variables as unsigned 64-bit numbers; null for a value that is optimized out or not a number. */
  variables: Record<string, bigint | null>;
}

/**
 * Runs a guest in QEMU under gdb, and samples its state after random numbers of steps. Before some of the samples, the
 * guest first runs to a breakpoint.
 */
export function sampleStacks(
  elf: string,
  options: { seed: number; rounds: number; stepsMax: number; breaks?: string[]; drives?: number },
): StackSample[] {
  const { seed, rounds, stepsMax, breaks = [] } = options;
  const setup = `SEED, ROUNDS, STEPS, BREAKS = ${seed}, ${rounds}, ${stepsMax}, ${JSON.stringify(breaks)}`;
  return runGdbOnQemu(elf, { setup, script: 'stackSamples.py', hasDisk: true }).map(
    (line) => parseExact(line) as StackSample,
  );
}

/** Parses JSON, with whole numbers as bigints. */
function parseExact(text: string): unknown {
  return JSON.parse(text.replace(/(?<=[ [])(\d+)(?=[,}\]])/g, '"#$1"'), (_, value: unknown) =>
    typeof value === 'string' && value.startsWith('#') ? BigInt(value.slice(1)) : value,
  );
}
