import type { State } from '../../base/state.ts';
import { record } from '../../base/stateCodec.ts';
import type { Device } from './device.ts';
import {
  LEGACY_VERSION,
  MAGIC,
  MAGIC_VALUE,
  MODERN_VERSION,
  QEMU_VENDOR,
  VENDOR_ID,
  VERSION,
} from './virtioRegisters.ts';

/**
 * A virtio-mmio slot without a device: device id 0 makes drivers ignore the slot (virtio 1.2, 4.2.2.2). As in QEMU, all
 * registers except magic, version and vendor read as 0, and a read of one or two bytes from one of these three
 * registers returns the register's low bytes. An empty slot has no state.
 */
export class EmptySlot implements Device {
  readonly name: string;
  readonly stateCodec = NO_STATE;
  private readonly version: number;

  constructor(options: { name: string; legacy?: boolean }) {
    this.name = options.name;
    this.version = options.legacy ? LEGACY_VERSION : MODERN_VERSION;
  }

  read(offset: number, sizeBytes: 1 | 2 | 4): number {
    return this.readRegister(offset) % 2 ** (8 * sizeBytes);
  }

  write(): void {}

  private readRegister(offset: number): number {
    switch (offset) {
      case MAGIC_VALUE:
        return MAGIC;
      case VERSION:
        return this.version;
      case VENDOR_ID:
        return QEMU_VENDOR;
      default:
        return 0;
    }
  }

  saveState(): State {
    return {};
  }

  loadState(): void {}
}

const NO_STATE = record({});
