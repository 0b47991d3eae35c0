import { initrdDoesNotFit } from '../../errors/boot.ts';
import type { GuestRam } from '../guestRam.ts';
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
  const segments = checkSegmentsFit(image, {
    ramBase: ram.base,
    memoryBytes: ram.lengthBytes,
    name: files.kernel.name,
  });
  for (const segment of segments) ram.write(segment.physicalAddress, segment.bytes);
  const initrd = files.initrd && loadInitrd(ram, image.lowestAddress, files.initrd);
  const tree = buildDeviceTree({ memoryBytes: ram.lengthBytes, bootargs: files.append, initrd });
  const treeAddress = deviceTreeAddress({ memoryBytes: ram.lengthBytes, sizeBytes: tree.length });
  ram.write(treeAddress, tree);
  hart.setSlot('PC', BigInt(ram.base));
  hart.setRegister(REGISTER.t0, BigInt(RESET_REGISTERS.t0));
  hart.setRegister(REGISTER.a0, 0n);
  hart.setRegister(REGISTER.a1, BigInt(treeAddress));
  hart.setRegister(REGISTER.a2, BigInt(RESET_REGISTERS.a2));
}

/** QEMU's place for it (riscv_load_initrd): half of RAM above the kernel, at most 128 MiB. */
function loadInitrd(ram: GuestRam, kernel: number, initrd: { name: string; bytes: Uint8Array }) {
  const start = kernel + Math.min(ram.lengthBytes / 2, MOST_ABOVE_KERNEL);
  const end = start + initrd.bytes.length;
  if (!ram.contains(start, initrd.bytes.length)) {
    throw initrdDoesNotFit({ name: initrd.name, lengthBytes: initrd.bytes.length, memoryBytes: ram.lengthBytes });
  }
  ram.write(start, initrd.bytes);
  return { start, end };
}

const MOST_ABOVE_KERNEL = 128 << 20;

/** Numbers of the registers that boot code sets (RISC-V calling convention). */
const REGISTER = { t0: 5, a0: 10, a1: 11, a2: 12 } as const;
