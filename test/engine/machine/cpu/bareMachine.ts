import { Machine } from '../../../../debug-adapter/engine/machine/machine.ts';
import type { Drive } from '../../../../debug-adapter/engine/block/drive.ts';
import { combinedDigest } from '../../../../debug-adapter/engine/machine/machineDigest.ts';
import type { MmuType } from '../../../../debug-adapter/engine/machine/cpu/satp.ts';
import type { Inputs } from '../../../../debug-adapter/engine/machine/inputs.ts';
import { LiveInputs } from '../../../../debug-adapter/engine/recording/inputs/liveInputs.ts';
import { assemble, type Item } from './assembler.ts';

/**
 * A machine for programs of a few instructions. It starts in M mode at the start of RAM, has no input, and collects its
 * output.
 */
export const START = 0x8000_0000;

export const NO_INPUTS: Inputs = {
  nextPosition: () => Infinity,
  takeEvent: () => undefined,
  answer: (position, port, query) => new LiveInputs([]).answer(position, port, query),
  digestOf: () => 0n,
  blockRequest() {},
  blockCompletion() {},
};

export interface BareMachine extends Machine {
  /** The bytes that the guest has sent over the UART. */
  printed(): string;
}

export interface BareOptions {
  memoryBytes?: number;
  harts?: number;
  drives?: Drive[];
  inputs?: Inputs;
  decodePoolPages?: number;
  translationThreshold?: number;
  isa?: string;
  mmu?: MmuType;
  semihosting?: boolean;
  onConsoleByte?: (byte: number, position: number) => void;
}

export function bareMachine(options: BareOptions = {}): BareMachine {
  let text = '';
  const machine = new Machine({
    decodePoolPages: options.decodePoolPages,
    translationThreshold: options.translationThreshold,
    isa: options.isa,
    harts: options.harts,
    mmu: options.mmu,
    semihosting: options.semihosting,
    memoryBytes: options.memoryBytes ?? 1 << 20,
    drives: options.drives ?? [],
    inputs: options.inputs ?? NO_INPUTS,
    onConsoleByte: (byte, position) => {
      text += String.fromCharCode(byte);
      options.onConsoleByte?.(byte, position);
    },
  });
  machine.hart.setSlot('PC', BigInt(START));
  return Object.assign(machine, { printed: () => text });
}

/** A machine with a program at the start of RAM. */
export function machineWith(program: Item[], options: BareOptions = {}): BareMachine {
  const machine = bareMachine(options);
  machine.ram.write(START, assemble(program));
  return machine;
}

export const steps = (machine: Machine, count: number) => machine.run(machine.position + count);

export const digestOf = (machine: Machine): bigint => combinedDigest(machine.digestParts());

/** The little-endian bytes of 64-bit words. */
export function words(...values: bigint[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  values.forEach((value, i) => new DataView(bytes.buffer).setBigUint64(i * 8, BigInt.asUintN(64, value), true));
  return bytes;
}

export function word(machine: Machine, address: number | bigint): bigint {
  const bytes = new Uint8Array(8);
  machine.ram.read(Number(address), bytes);
  return new DataView(bytes.buffer).getBigUint64(0, true);
}

/** The trap registers of the last trap to M mode. */
export const trapOf = ({ hart }: Machine) => ({
  cause: hart.slot('MCAUSE'),
  value: hart.slot('MTVAL'),
  pc: hart.slot('MEPC'),
});
