import type { State } from '../../base/state.ts';
import type { Device } from './device.ts';

/** The boot ROM: what the boot plan put there can be read. It has no state of its own, for it never changes. */
export class BootRom implements Device {
  readonly name = 'rom';
  #bytes = new Uint8Array(0);

  /** At power-on. */
  fill(bytes: Uint8Array): void {
    this.#bytes = Uint8Array.from(bytes);
  }

  read(offset: number, sizeBytes: 1 | 2 | 4): number {
    let value = 0;
    for (let i = sizeBytes - 1; i >= 0; i--) value = value * 256 + (this.#bytes[offset + i] ?? 0);
    return value;
  }

  write(): void {}

  saveState(): State {
    return {};
  }

  loadState(): void {}
}
