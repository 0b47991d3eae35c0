import { initrdDoesNotFit } from '../../errors/boot.ts';
import { RAM_BASE } from '../cpu/layout.ts';
import type { Machine } from '../machine.ts';
import { buildDeviceTree, deviceTreeAddress, RESET_REGISTERS } from './deviceTree.ts';
import { checkSegmentsFit, readElfImage } from './elf.ts';

/**
 * Boots as `qemu-system-riscv64 -M virt -bios none -kernel ELF` does: the ELF's segments at their physical addresses,
 * the device tree near the end of RAM, the hart at the start of RAM in M-mode with its id in a0 and the tree in a1.
 */
export interface BootFiles {
  kernel: { name: string; bytes: Uint8Array };
  initrd?: { name: string; bytes: Uint8Array };
  append?: string;
}

export function bootElf(machine: Machine, files: BootFiles): void {
  const { hart, ram } = machine;
  const { pieces, treeAddress } = planBoot(files, ram.lengthBytes);
  for (const { address, bytes } of pieces) ram.write(address, bytes);
  hart.setSlot('PC', BigInt(ram.base));
  hart.setRegister(REGISTER.t0, BigInt(RESET_REGISTERS.t0));
  hart.setRegister(REGISTER.a0, 0n);
  hart.setRegister(REGISTER.a1, BigInt(treeAddress));
  hart.setRegister(REGISTER.a2, BigInt(RESET_REGISTERS.a2));
}

/** What goes where in RAM. Throws what keeps these files from booting, before there is a machine. */
export function planBoot(files: BootFiles, memoryBytes: number) {
  const { name, bytes } = files.kernel;
  const image = readElfImage(bytes, name);
  const segments = checkSegmentsFit(image, { ramBase: RAM_BASE, memoryBytes, name });
  const pieces = segments.map((segment) => ({ address: segment.physicalAddress, bytes: segment.bytes }));
  const initrd = files.initrd && placeInitrd(image.lowestAddress, files.initrd, memoryBytes);
  if (initrd) pieces.push({ address: initrd.start, bytes: files.initrd!.bytes });
  const tree = buildDeviceTree({ memoryBytes, bootargs: files.append, initrd });
  const treeAddress = deviceTreeAddress({ memoryBytes, sizeBytes: tree.length });
  pieces.push({ address: treeAddress, bytes: tree });
  return { pieces, treeAddress };
}

/** QEMU's place for it (riscv_load_initrd): half of RAM above the kernel, at most 128 MiB. */
function placeInitrd(kernel: number, initrd: { name: string; bytes: Uint8Array }, memoryBytes: number) {
  const start = kernel + Math.min(memoryBytes / 2, MOST_ABOVE_KERNEL);
  const end = start + initrd.bytes.length;
  if (end > RAM_BASE + memoryBytes) {
    throw initrdDoesNotFit({ name: initrd.name, lengthBytes: initrd.bytes.length, memoryBytes });
  }
  return { start, end };
}

const MOST_ABOVE_KERNEL = 128 << 20;

/** Numbers of the registers that boot code sets (RISC-V calling convention). */
const REGISTER = { t0: 5, a0: 10, a1: 11, a2: 12 } as const;
