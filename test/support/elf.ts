/** The fields of a generated ELF file. The defaults give a minimal file that boots; other values make it invalid. */
export interface ElfParts {
  /** 1 for 32 bits, 2 for 64. */
  class?: 1 | 2;
  /** 1 for little-endian, 2 for big-endian. */
  byteOrder?: 1 | 2;
  /** 2 for an executable, 1 for an object file. */
  type?: number;
  /** 243 for RISC-V. */
  machine?: number;
  /** The address at which the code is loaded and starts. */
  address?: bigint;
  memoryBytes?: number;
  /** Instructions. */
  code?: readonly number[];
  /** The number of program headers: 1 for the one that loads the code, or 0. */
  segments?: 0 | 1;
}

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

/** Returns the ELF file of a small guest. It always has the 64-bit layout, regardless of `class`. */
export function makeElf(parts: ElfParts = {}): Uint8Array {
  const { class: bits = 2, byteOrder = 1, type = 2, machine = 243, segments = 1 } = parts;
  const { address = 0x8000_0000n, code = SPIN } = parts;
  const codeAt = HEADER_BYTES + PROGRAM_HEADER_BYTES;
  const codeBytes = code.length * 4;
  const bytes = new Uint8Array(codeAt + codeBytes);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits, byteOrder, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, address, true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  view.setUint16(56, segments, true);
  view.setUint32(HEADER_BYTES, 1, true); // PT_LOAD
  view.setUint32(HEADER_BYTES + 4, 7, true);
  view.setBigUint64(HEADER_BYTES + 8, BigInt(codeAt), true);
  view.setBigUint64(HEADER_BYTES + 16, address, true);
  view.setBigUint64(HEADER_BYTES + 24, address, true);
  view.setBigUint64(HEADER_BYTES + 32, BigInt(codeBytes), true);
  view.setBigUint64(HEADER_BYTES + 40, BigInt(parts.memoryBytes ?? codeBytes), true);
  code.forEach((instruction, i) => view.setUint32(codeAt + 4 * i, instruction, true));
  return bytes;
}

/** Prints `!` and then loops forever. */
export const SPIN = [
  0x100002b7, // lui  t0, 0x10000
  0x02100313, // li   t1, '!'
  0x00628023, // sb   t1, 0(t0)
  0x0000006f, // j    .
];
