import { assert } from '../../base/assert.ts';
import type { ImageParts } from './imageParts.ts';
import type { SnapshotKey } from './snapshots.ts';
import * as vmState from './vmState.ts';

/** The VM state that an image's active table maps. The next snapshot saves it. See `readVmState` in vmState.ts. */
export class ImageVmState {
  private readonly parts: ImageParts;
  private readonly writable: boolean;

  constructor(parts: ImageParts, { writable }: { writable: boolean }) {
    this.parts = parts;
    this.writable = writable;
  }

  read(offset: number, into: Uint8Array): void {
    vmState.readVmState(this.parts, offset, into);
  }

  write(offset: number, from: Uint8Array): void {
    this.checkWritable();
    vmState.writeVmState(this.parts, offset, from);
  }

  writeClusters(clusters: readonly vmState.VmStateCluster[]): void {
    this.checkWritable();
    vmState.writeVmStateClusters(this.parts, clusters);
  }

  zero(offset: number, lengthBytes: number): void {
    this.checkWritable();
    vmState.zeroVmState(this.parts, offset, lengthBytes);
  }

  /** Removes VM state that another program left in the active table. Snapshots keep their VM state. */
  unmap(): void {
    this.checkWritable();
    vmState.unmapVmState(this.parts);
  }

  /**
   * Called after the image is opened. Maps this snapshot's VM state in the active table again, so that only what has
   * changed needs to be written for the next snapshot.
   */
  map(key: SnapshotKey): void {
    this.checkWritable();
    vmState.mapVmState(this.parts, key);
  }

  private checkWritable(): void {
    assert(this.writable, `${this.parts.file.name} is open read-only`);
  }
}
