import type { State } from '../../base/state.ts';
import { record } from '../../base/stateCodec.ts';
import type { Device } from './device.ts';

/**
 * The boot ROM: a read-only region that contains the bytes written by the boot plan at power-on. It has no saved state,
 * because its contents never change.
 */
export class BootRom implements Device {
  readonly name = 'rom';
  readonly stateCodec = NO_STATE;
  private bytes = new Uint8Array(0);

  /** Sets the contents at power-on. */
  fill(bytes: Uint8Array): void {
    this.bytes = Uint8Array.from(bytes);
  }

  read(offset: number, sizeBytes: 1 | 2 | 4): number {
    let value = 0;
    for (let i = sizeBytes - 1; i >= 0; i--) value = value * 256 + (this.bytes[offset + i] ?? 0);
    return value;
  }

  write(): void {}

  saveState(): State {
    return {};
  }

  loadState(): void {}
}

const NO_STATE = record({});
