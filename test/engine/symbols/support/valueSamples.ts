import fs from 'node:fs';
import zlib from 'node:zlib';
import { readElfFile } from '../../../../debug-adapter/engine/symbols/elf/elfFile.ts';
import type { Inspector } from '../../../../debug-adapter/engine/target/inspector.ts';
import { runGdbOnQemu } from './gdbOnQemu.ts';

/**
 * One stop of a program, with the state of the machine and the values that gdb shows at the stop. Numbers are
 * hexadecimal strings.
 */
export interface ValueSample {
  pc: string;
  /** The machine's registers by DWARF number. */
  registers: Record<string, string | null>;
  /** The start address of `memory`. */
  start: string;
  /** The contents of the data area and the stack, deflated and in base64. */
  memory: string;
  frames: SampledFrame[];
}

export interface SampledFrame {
  kind: 'normal' | 'inlined' | 'tailCall' | 'other';
  pc: string;
  name: string | null;
  file: string | null;
  line: number;
  /** The variables of the frame by name. They are sampled only in the innermost frames. */
  variables?: Record<string, SampledValue>;
  /** The global variables of the frame's source file. They are sampled at the first stop in a function. */
  globals?: Record<string, SampledValue>;
  registers?: Record<string, string | null>;
}

/** gdb's type, text and children of a value. The text of a value that gdb cannot show begins with `error: `. */
export type SampledValue = [type: string, text: string, children: [name: string, value: SampledValue][]];

export interface SampleOptions {
  /** The source files that contain the statements at which the program stops. */
  files: readonly string[];
  /** The maximum numbers of stops at each statement, and in total. */
  hits: number;
  stops: number;
  /** The proportion of statements at which the program stops; 1 means all statements. */
  portion: number;
  seed: number;
}

/** Runs a program in QEMU under gdb, and takes a sample whenever the program reaches a selected statement. */
export function sampleValues(elf: string, { files, hits, stops, portion, seed }: SampleOptions): ValueSample[] {
  const setup = `FILES, HITS, STOPS, PORTION, SEED = ${JSON.stringify(files)}, ${hits}, ${Math.min(stops, 1e9)}, ${portion}, ${seed}`;
  return runGdbOnQemu(elf, { setup, script: 'valueSamples.py' }).map((line) => JSON.parse(line) as ValueSample);
}

/** Returns an inspector for the machine state in a sample. Memory outside the sample has the contents of the file. */
export function inspectorOf(sample: ValueSample, elf: ReturnType<typeof elfOf>): Inspector {
  const start = BigInt(sample.start);
  const ram = zlib.inflateSync(Buffer.from(sample.memory, 'base64'));
  const register = (number: number) => BigInt(sample.registers[number] ?? 0);
  const byteRuns = (address: bigint, length: number): Uint8Array => {
    const offset = address - start;
    if (offset >= 0n && offset < BigInt(ram.length))
      return ram.subarray(Number(offset), Math.min(ram.length, Number(offset) + length));
    for (let size = length; size > 0; size >>= 1) {
      const bytes = elf.bytesAt(address, size);
      if (bytes) return bytes;
    }
    return new Uint8Array();
  };
  return {
    hart: 0,
    pc: BigInt(sample.pc),
    privilege: 3,
    csrs: [],
    register,
    float: (index) => register(32 + index),
    csr: (number) => BigInt(sample.registers[4096 + number] ?? 0),
    readMemory: byteRuns,
    translate: () => undefined,
    readPhysical: () => undefined,
    isRam: () => true,
  };
}

export const elfOf = (file: string) => readElfFile(fs.readFileSync(file), file);
