import type { DeviceTreeOptions } from './deviceTree.ts';
import { EditableFdt } from './fdtEdit.ts';

/**
 * Prepares the user's device tree, which replaces the machine's own (QEMU's `-dtb`). The tree stays unchanged except
 * that `/chosen` receives the values for this boot, in the order in which QEMU 7.2 writes them (hw/riscv/virt.c). Adds
 * `/chosen` if it is missing, whereas QEMU fails. Throws a UserError if the file is not a device tree.
 */
export function userDeviceTree(
  file: { name: string; bytes: Uint8Array },
  { bootargs, rngSeed, initrd, reserved }: Pick<DeviceTreeOptions, 'bootargs' | 'rngSeed' | 'initrd' | 'reserved'>,
): Uint8Array {
  const tree = new EditableFdt(file.bytes, file.name);
  if (bootargs !== undefined) tree.setProperty('chosen', 'bootargs', bootargs);
  if (rngSeed) tree.setProperty('chosen', 'rng-seed', rngSeed);
  if (initrd) {
    tree.setProperty('chosen', 'linux,initrd-start', [initrd.start]);
    tree.setProperty('chosen', 'linux,initrd-end', [initrd.end]);
  }
  if (reserved) tree.reserveMemory(reserved.start, reserved.lengthBytes);
  return tree.toBytes();
}

/**
 * The size that QEMU allocates for the tree. It determines the tree's address (load_device_tree: "2x size ... for
 * manipulation").
 */
export const userTreeAllocationBytes = (fileBytes: number): number => 2 * (fileBytes + 10_000);
