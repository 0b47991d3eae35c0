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
  const image = readElfImage(files.kernel.bytes, files.kernel.name);
  checkSegmentsFit(image, { ramBase: ram.base, memoryBytes: ram.lengthBytes, name: files.kernel.name });
  for (const segment of image.segments) ram.write(segment.physicalAddress, segment.bytes);
  const options = { memoryBytes: ram.lengthBytes, bootargs: files.append };
  const tree = buildDeviceTree(options);
  const treeAddress = deviceTreeAddress({ memoryBytes: ram.lengthBytes, sizeBytes: tree.length });
  ram.write(treeAddress, tree);
  hart.setSlot('PC', BigInt(ram.base));
  hart.setRegister(REGISTER.t0, BigInt(RESET_REGISTERS.t0));
  hart.setRegister(REGISTER.a0, 0n);
  hart.setRegister(REGISTER.a1, BigInt(treeAddress));
  hart.setRegister(REGISTER.a2, BigInt(RESET_REGISTERS.a2));
}

/** Numbers of the registers that boot code sets (RISC-V calling convention). */
const REGISTER = { t0: 5, a0: 10, a1: 11, a2: 12 } as const;
