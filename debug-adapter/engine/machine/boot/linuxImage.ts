/**
 * The header of a Linux `Image` for RISC-V (Linux, Documentation/arch/riscv/boot-image-header.rst): a flat file that runs
 * from where it is loaded, 2 MiB aligned, in supervisor mode.
 */
export interface LinuxImage {
  /** What it takes in memory from where it is loaded: the file and what it zeroes behind that. */
  memoryBytes: number;
}

/** Undefined for a file that is no such image. */
export function readLinuxImage(bytes: Uint8Array): LinuxImage | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(MAGIC_OFFSET, true) !== MAGIC) return undefined;
  const imageBytes = Number(view.getBigUint64(IMAGE_SIZE_OFFSET, true));
  return { memoryBytes: Math.max(bytes.length, imageBytes) };
}

const HEADER_BYTES = 64;
const IMAGE_SIZE_OFFSET = 16;
const MAGIC_OFFSET = 56;
/** "RSC\x05", the second and lasting magic. */
const MAGIC = 0x05435352;
