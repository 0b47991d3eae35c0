import type { Position } from '../base/quantities.ts';
import type { Qcow2Image } from '../block/qcow2/image.ts';
import type { Machine } from '../machine/machine.ts';
import { vmStateBytes, writeMachine } from './vmState.ts';

/**
 * Takes snapshots of a live machine: machine state into one image, the disks of all drives each into their own overlay,
 * under one name. The first is named by the user (`rrsnapshot`), automatic ones are `auto-<position>`.
 */
export class SnapshotStore {
  private machine: Machine;
  /** Keeps the machine's state: the first writable drive's overlay, or a state-only image. */
  private stateImage: Qcow2Image;
  /** Every image that gets an entry, the state image among them. */
  private images: Qcow2Image[];
  private dateMilliseconds: () => number;

  constructor(options: {
    machine: Machine;
    stateImage: Qcow2Image;
    overlays: readonly Qcow2Image[];
    dateMilliseconds: () => number;
  }) {
    this.machine = options.machine;
    this.stateImage = options.stateImage;
    this.images = [...new Set([options.stateImage, ...options.overlays])];
    this.dateMilliseconds = options.dateMilliseconds;
  }

  /** Costs what changed since the last snapshot, in RAM and on the disks. */
  take(name: string): void {
    const { machine } = this;
    writeMachine(machine, this.stateImage);
    const date = this.dateMilliseconds();
    for (const image of this.images) {
      image.createSnapshot({
        name,
        dateSeconds: Math.floor(date / 1000),
        dateNanoseconds: (date % 1000) * 1_000_000,
        vmClockNanoseconds: machine.nanoseconds,
        vmStateSizeBytes: image === this.stateImage ? vmStateBytes(machine) : 0,
        icount: machine.position,
      });
    }
  }

  delete(names: string[]): void {
    for (const image of this.images) image.deleteSnapshots(names);
  }

  /** What there is, in order of position. */
  list(): { name: string; position: Position }[] {
    return listSnapshots(this.stateImage);
  }
}

export function listSnapshots(image: Qcow2Image): { name: string; position: Position }[] {
  return image.snapshots
    .map(({ name, icount }) => ({ name, position: icount ?? 0 }))
    .sort((a, b) => a.position - b.position);
}

export const automaticName = (position: Position): string => `auto-${position}`;
