import { imageHasNoSymbols } from '../engine/errors/symbols.ts';
import { elfOfImage } from '../engine/index.ts';
import { nodeHost } from '../host/nodeHost.ts';

const IMAGE_BYTES_MAX = 1 << 30;

/** `symbols IMAGE`: what the image says about its own code, as an ELF file. */
export function symbolsOf(image: string): Uint8Array {
  const elf = elfOfImage(nodeHost.files.readWhole(image, IMAGE_BYTES_MAX));
  if (!elf) throw imageHasNoSymbols(image);
  return elf.bytes;
}
