/** The fields in a Linux Image's header that a loader needs. */
export interface LinuxImage {
  /**
   * The kernel's size in memory, measured from its load address: the file itself and the memory after it that the
   * kernel zeroes.
   */
  memoryBytes: number;
}

/**
 * Reads the header of a Linux `Image` for RISC-V (Linux, Documentation/arch/riscv/boot-image-header.rst): a flat file
 * that runs in supervisor mode at its load address, which is 2 MiB aligned. Returns undefined for any other file.
 */
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
/** "RSC\x05", which the header documentation calls magic 2; the older magic is deprecated. */
const MAGIC = 0x05435352;
