import type { GuestAddress } from '../../base/quantities.ts';
import { encode } from '../../isa/expansion.ts';
import { MEMORY_MAP, RAM_BASE } from '../memoryMap.ts';

/**
 * The contents of the boot ROM, as on QEMU 7.2's `virt` (hw/riscv/boot.c, riscv_setup_rom_reset_vec): the first
 * instructions that every hart executes, the data they load, and OpenSBI's fw_dynamic_info. The machine's harts start
 * in the state that these instructions produce, so only firmware that follows the pointer in a2 reads the ROM.
 */
export function bootRom({
  treeAddress,
  kernelAddress,
}: {
  treeAddress: GuestAddress;
  kernelAddress: GuestAddress;
}): Uint8Array {
  const bytes = new Uint8Array(DYNAMIC_INFO + 6 * 8);
  const view = new DataView(bytes.buffer);
  RESET_CODE.forEach((instruction, i) => view.setInt32(4 * i, encode(instruction), true));
  const doubleWords = [RAM_BASE, treeAddress, INFO_MAGIC, INFO_VERSION, kernelAddress, SUPERVISOR_MODE, 0, 0];
  doubleWords.forEach((value, i) => view.setBigUint64(START_ADDRESS + 8 * i, BigInt(value), true));
  return bytes;
}

/** The registers after the ROM code has run, except a0, which holds the hart id. */
export const RESET_REGISTERS = {
  /** The address to which the ROM code jumps. */
  t0: RAM_BASE,
  a2: MEMORY_MAP.rom.base + 0x28,
} as const;

const RESET_CODE = [
  'auipc t0,0',
  'addi a2,t0,40',
  'csrrs a0,mhartid,zero',
  'ld a1,32(t0)',
  'ld t0,24(t0)',
  'jalr zero,0(t0)',
];
const START_ADDRESS = 0x18;
const DYNAMIC_INFO = 0x28;
// OpenSBI, include/sbi/fw_dynamic.h: magic "OSBI", version, next stage's address and mode, options, boot hart.
const INFO_MAGIC = 0x4942534f;
const INFO_VERSION = 2;
const SUPERVISOR_MODE = 1;
