import { imageHasNoSymbols } from '../engine/errors/symbols.ts';
import { elfOfImage, isElf, RecordingReader, unpackKernel, UserError } from '../engine/index.ts';
import { nodeHost } from '../host/nodeHost.ts';

const IMAGE_BYTES_MAX = 1 << 30;

/** `symbols FILE`: what a Linux Image says about its own code, or the kernel of a recording, as an ELF file. */
export function symbolsOf(name: string): Uint8Array {
  const kernel = recordedKernel(name);
  if (kernel && isElf(kernel)) return kernel;
  const elf = elfOfImage(kernel ?? readImage(name));
  if (!elf) throw imageHasNoSymbols(name);
  return elf.bytes;
}

function readImage(name: string): Uint8Array {
  const bytes = nodeHost.files.readWhole(name, IMAGE_BYTES_MAX);
  return unpackKernel({ name, bytes }, unpackingFor(IMAGE_BYTES_MAX)).bytes;
}

const unpackingFor = (memoryBytes: number) => ({ compression: nodeHost.compression, memoryBytes });

/** Undefined for what is no recording: an Image may also come through a pipe. */
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
