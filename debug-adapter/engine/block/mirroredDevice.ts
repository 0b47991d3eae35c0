import { UserError } from '../../messages/userError.ts';
import type { BlockDevice } from './blockDevice.ts';
import type { ByteRange } from './byteRange.ts';

/**
 * A device whose writes are also stored in a second device, the mirror. If the mirror fails, it is no longer used. The
 * guest does not notice the failure, because the mirror contains only copies.
 */
export class MirroredDevice implements BlockDevice {
  readonly name: string;
  readonly lengthBytes: number;
  readonly readOnly: boolean;
  readonly device: BlockDevice;
  private mirror: BlockDevice;
  private onMirrorFailed: () => void;

  constructor(device: BlockDevice, mirror: BlockDevice, onMirrorFailed: () => void) {
    this.name = device.name;
    this.lengthBytes = device.lengthBytes;
    this.readOnly = device.readOnly;
    this.device = device;
    this.mirror = mirror;
    this.onMirrorFailed = onMirrorFailed;
  }

  read(offset: number, into: Uint8Array): void {
    this.device.read(offset, into);
  }

  write(offset: number, from: Uint8Array): void {
    this.device.write(offset, from);
    this.repeat((mirror) => mirror.write(offset, from));
  }

  writeZeroes(offset: number, lengthBytes: number): void {
    this.device.writeZeroes(offset, lengthBytes);
    this.repeat((mirror) => mirror.writeZeroes(offset, lengthBytes));
  }

  dataRanges(offset: number, lengthBytes: number): Iterable<ByteRange> {
    return this.device.dataRanges(offset, lengthBytes);
  }

  flush(): void {
    this.device.flush();
  }

  /** Closes the device. The owner of the mirror closes the mirror. */
  close(): void {
    this.device.close();
  }

  private repeat(change: (mirror: BlockDevice) => void): void {
    try {
      change(this.mirror);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.onMirrorFailed();
    }
  }
}
