import { imageHasNoSymbols } from '../messages/symbols.ts';
import { elfFromImage, isElf, RecordingReader, unpackKernel, UserError } from '../engine/index.ts';
import { nodeHost } from '../host/nodeHost.ts';

const IMAGE_BYTES_MAX = 1 << 30;

/** `symbols FILE`: converts a Linux Image, or the kernel in a recording, to an ELF file with the kernel's symbols. */
export function symbolsOf(name: string): Uint8Array {
  const kernel = recordedKernel(name);
  if (kernel && isElf(kernel)) return kernel;
  const elf = elfFromImage(kernel ?? readImage(name));
  if (!elf) throw imageHasNoSymbols(name);
  return elf.bytes;
}

function readImage(name: string): Uint8Array {
  const bytes = nodeHost.files.readWhole(name, IMAGE_BYTES_MAX);
  return unpackKernel({ name, bytes }, unpackingFor(IMAGE_BYTES_MAX)).bytes;
}

const unpackingFor = (memoryBytes: number) => ({ compression: nodeHost.compression, memoryBytes });

/**
 * The kernel in a recording; undefined if the file is not a recording, for example if it is a pipe that delivers a
 * kernel Image.
 */
function recordedKernel(name: string): Uint8Array | undefined {
  try {
    const file = nodeHost.files.open(name, { write: false, create: 'never' });
    try {
      const reader = new RecordingReader(file, nodeHost.compression);
      return unpackKernel(reader.bootFile('kernel'), unpackingFor(reader.header.machine.memoryBytes)).bytes;
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof UserError && ['recording-not-one', 'file-not-one'].includes(error.code)) return undefined;
    throw error;
  }
}
