import type { Drive } from '../block/drive.ts';
import type { GuestRam } from './guestRam.ts';
import { BootRom } from './devices/bootRom.ts';
import { Clint } from './devices/clint.ts';
import type { Device, DeviceContext, TimedDevice } from './devices/device.ts';
import { EmptySlot } from './devices/emptySlot.ts';
import { Finisher } from './devices/finisher.ts';
import { Plic } from './devices/plic.ts';
import { Uart16550 } from './devices/uart16550.ts';
import { VirtioBlk } from './devices/virtioBlk.ts';

/**
 * The `virt` board: which device is where (QEMU's hw/riscv/virt.c, as facts). The first drive is in the first virtio
 * slot. Devices get their addresses and interrupt lines here and nowhere else.
 */
export interface BoardClock {
  now(): number;
  position(): number;
  attention(): void;
}

export interface MappedDevice {
  base: number;
  lengthBytes: number;
  device: Device;
}

export const VIRTIO_SLOTS = 8;
const ROM_BASE = 0x1000;
const ROM_BYTES = 0xf000;
const FINISHER_BASE = 0x0010_0000;
const CLINT_BASE = 0x0200_0000;
const PLIC_BASE = 0x0c00_0000;
const UART_BASE = 0x1000_0000;
const UART_SOURCE = 10;
const VIRTIO_BASE = 0x1000_1000;
const VIRTIO_STRIDE = 0x1000;
/** Slot n interrupts as source n + 1. */
const VIRTIO_FIRST_SOURCE = 1;

export class Board {
  readonly rom = new BootRom();
  readonly clint: Clint;
  readonly plic: Plic;
  readonly uart: Uart16550;
  readonly finisher: Finisher;
  readonly disks: VirtioBlk[];
  /** Busiest first: accesses look through them in this order. */
  readonly map: MappedDevice[];

  constructor(options: {
    clock: BoardClock;
    memory: GuestRam;
    drives: readonly Drive[];
    transmit: (byte: number) => void;
  }) {
    const { clock, memory } = options;
    const context = (setInterrupt: (level: boolean) => void): DeviceContext => ({
      now: () => clock.now(),
      position: () => clock.position(),
      attention: () => clock.attention(),
      setInterrupt,
    });
    const unwired = context(() => {});
    const wired = (source: number) => context((level) => this.plic.setLevel(source, level));
    this.plic = new Plic({ context: unwired });
    this.clint = new Clint({ context: unwired });
    this.finisher = new Finisher({ context: unwired });
    this.uart = new Uart16550({ context: wired(UART_SOURCE), transmit: options.transmit });
    this.disks = options.drives.map(
      (drive, i) => new VirtioBlk({ name: `virtio${i}`, context: wired(VIRTIO_FIRST_SOURCE + i), memory, drive }),
    );
    this.map = this.makeMap();
  }

  /** Every device with state, by name. */
  get devices(): Device[] {
    return this.map.map((mapped) => mapped.device);
  }

  get timed(): TimedDevice[] {
    return this.disks;
  }

  find(address: number, sizeBytes: number): MappedDevice | undefined {
    for (const mapped of this.map) {
      if (address >= mapped.base && address + sizeBytes <= mapped.base + mapped.lengthBytes) return mapped;
    }
    return undefined;
  }

  private makeMap(): MappedDevice[] {
    const slot = (i: number): MappedDevice => ({
      base: VIRTIO_BASE + i * VIRTIO_STRIDE,
      lengthBytes: VIRTIO_STRIDE,
      device: this.disks[i] ?? new EmptySlot({ name: `virtio${i}` }),
    });
    return [
      { base: UART_BASE, lengthBytes: 0x100, device: this.uart },
      { base: PLIC_BASE, lengthBytes: 0x60_0000, device: this.plic },
      { base: CLINT_BASE, lengthBytes: 0x1_0000, device: this.clint },
      ...Array.from({ length: VIRTIO_SLOTS }, (_, i) => slot(i)),
      { base: FINISHER_BASE, lengthBytes: 0x1000, device: this.finisher },
      { base: ROM_BASE, lengthBytes: ROM_BYTES, device: this.rom },
    ];
  }
}
