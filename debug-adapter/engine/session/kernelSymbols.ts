import { MEMORY_BYTES_MAX } from '../base/limits.ts';
import { imageAddress, isElf } from '../machine/boot/bootPlan.ts';
import { elfFromCode, elfFromImage, IMAGE_SECTION, type Symbols } from '../symbols/index.ts';
import type { NamedFile, PlacedFile } from './bootedFiles.ts';

/** Sets a kernel's load address, unless the kernel's file itself specifies one. */
export function withLoadAddress({ kernel, bios }: { kernel: PlacedFile; bios?: NamedFile }): PlacedFile {
  if (isElf(kernel.bytes) || kernel.entry !== undefined) return kernel;
  return { ...kernel, address: imageAddress({ kernel, bios }, MEMORY_BYTES_MAX) };
}

export interface PlacedImage {
  /** The image, converted to an ELF file. */
  file: NamedFile;
  /**
   * The load biases: the differences between the addresses at which the code runs and its addresses in the ELF file.
   */
  biases: bigint[];
  /** The load address. */
  loaded: bigint;
}

/**
 * A Linux Image may contain its own symbol table. The kernel starts at its load address and continues at its link
 * address after it has enabled the MMU, so its symbols are needed at both addresses. The same applies to the vmlinux
 * from which the Image was made.
 */
export function placedImage(
  { kernel, bios }: { kernel: PlacedFile; bios?: NamedFile },
  userSymbols: readonly Symbols[],
): PlacedImage {
  const loaded = BigInt(imageAddress({ kernel, bios }, MEMORY_BYTES_MAX));
  const elf = elfFromImage(kernel.bytes, IMAGE_SECTION);
  const { bytes, start } = elf ?? { bytes: elfFromCode(kernel.bytes, loaded), start: loaded };
  const linked = elf?.start ?? userSymbols.map(linkedStart).find((address) => address !== undefined) ?? loaded;
  const addresses = new Set([linked, loaded]);
  return { file: { name: kernel.name, bytes }, biases: [...addresses].map((address) => address - start), loaded };
}

/**
 * The load biases that move a file's symbols to the kernel's load address. Empty if the file does not describe a
 * kernel.
 */
export function loadBiases(symbols: Symbols, loaded: bigint): bigint[] {
  const start = linkedStart(symbols);
  return start === undefined ? [] : [loaded - start];
}

/**
 * The start of a kernel's code; undefined for other files. Kernels are linked at addresses in the upper half of the
 * address space.
 */
function linkedStart({ code }: Symbols): bigint | undefined {
  const starts = code.map(({ address }) => address).filter((address) => address >= UPPER_HALF);
  return starts.length > 0 ? starts.reduce((least, address) => (address < least ? address : least)) : undefined;
}

const UPPER_HALF = 1n << 63n;
