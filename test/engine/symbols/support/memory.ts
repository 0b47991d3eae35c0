import fs from 'node:fs';
import { readElfFile } from '../../../../debug-adapter/engine/symbols/elf/elfFile.ts';
import type { Frame, FrameView, Symbols } from '../../../../debug-adapter/engine/symbols/index.ts';

/**
 * A machine on which a file has just been loaded. Memory has the contents of the file, .bss contains zeroes, and no
 * register is known.
 */
export function loadedMachine(file: string): FrameView {
  const elf = readElfFile(fs.readFileSync(file), file);
  const readMemory = (address: bigint, length: number): Uint8Array | undefined => {
    const isIn = (start: bigint, end: bigint) => start <= address && address + BigInt(length) <= end;
    const inFile = elf.bytesAt(address, length);
    return inFile ?? (elf.allocated.some(({ start, end }) => isIn(start, end)) ? new Uint8Array(length) : undefined);
  };
  return { pc: 0n, readRegister: () => undefined, readMemory };
}

/** Returns a frame at a function's entry, in which globals can be read. */
export function frameAt(symbols: Symbols, file: string, functionName: string): Frame {
  const [found] = symbols.functionsNamed(functionName);
  return symbols.innermostFrame({ ...loadedMachine(file), pc: found.low });
}
