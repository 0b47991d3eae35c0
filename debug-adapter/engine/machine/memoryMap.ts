import { NANOSECONDS_PER_TICK, type GuestAddress } from '../base/quantities.ts';
import { VIRTIO_SLOTS } from '../base/driveRules.ts';

/** A device's address range on the bus. */
export interface DeviceRange {
  base: GuestAddress;
  /** The size of the range that the board reserves for the device, as the device tree describes it. */
  lengthBytes: number;
  /** The device accepts accesses only to this many bytes at the start of the range. */
  registerBytes: number;
}

/** The range of a device with an interrupt line, and the PLIC source that the line drives. */
export interface InterruptingRange extends DeviceRange {
  source: number;
}

/**
 * The memory map and interrupt sources of QEMU's `virt` board (hw/riscv/virt.c, `virt_memmap`;
 * include/hw/riscv/virt.h). The bus, the device tree and the boot ROM use these definitions. The values of
 * `registerBytes` are the sizes of QEMU's memory regions.
 */
export const MEMORY_MAP = {
  rom: whole(0x1000, 0xf000),
  testDevice: whole(0x0010_0000, 0x1000),
  rtc: { base: 0x0010_1000, lengthBytes: 0x1000, registerBytes: 0x24, source: 11 },
  clint: { base: 0x0200_0000, lengthBytes: 0x1_0000, registerBytes: 0xc000 },
  // VIRT_PLIC_SIZE: the contexts' registers start at 0x200000, with 0x1000 bytes for each of 1024 contexts.
  plic: whole(0x0c00_0000, 0x60_0000),
  uart: { base: 0x1000_0000, lengthBytes: 0x100, registerBytes: 8, source: 10 },
  virtioSlots: Array.from({ length: VIRTIO_SLOTS }, (_, slot): InterruptingRange => {
    return { base: 0x1000_1000 + slot * 0x1000, lengthBytes: 0x1000, registerBytes: 0x200, source: 1 + slot };
  }),
} as const;

export const RAM_BASE: GuestAddress = 0x8000_0000;

/** The range of QEMU's flash memory (VIRT_FLASH), which this machine does not have. */
export const QEMU_FLASH = { start: 0x2000_0000, end: 0x2400_0000 } as const;

/** The frequency of `mtime`. */
export const TIMEBASE_HERTZ = 1e9 / NANOSECONDS_PER_TICK;

/** The input clock of the UART's baud rate generator. */
export const UART_CLOCK_HERTZ = 3_686_400;

/** A device that accepts accesses to its whole range. */
function whole(base: GuestAddress, lengthBytes: number): DeviceRange {
  return { base, lengthBytes, registerBytes: lengthBytes };
}
