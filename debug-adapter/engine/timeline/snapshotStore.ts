import type { Position } from '../base/quantities.ts';
import type { Qcow2Image } from '../block/qcow2/image.ts';
import type { Machine } from '../machine/machine.ts';
import type { State } from '../base/state.ts';
import type { RamImage, RamImages } from './ramImages.ts';
import { readMoment, vmStateBytes, writeMoment } from './vmState.ts';

/**
 * Takes snapshots of a live machine: machine state into one image, the disks of all drives each into their own overlay,
 * under one name. The first is named by the user (`rrsnapshot`), automatic ones are `auto-<position>`.
 */
export interface TakenSnapshot {
  name: string;
  state: State;
  image: RamImage;
  /** Bytes of pages that were copied for it. */
  copiedBytes: number;
}

export class SnapshotStore {
  private machine: Machine;
  private ramImages: RamImages;
  /** RAM as the state image's active VM state has it. */
  private written: RamImage = [];
  /** Keeps the machine's state: the first writable drive's overlay, or a state-only image. */
  private stateImage: Qcow2Image;
  /** Every image that gets an entry, the state image among them. */
  private images: Qcow2Image[];
  private dateMilliseconds: () => number;

  constructor(options: {
    machine: Machine;
    ramImages: RamImages;
    stateImage: Qcow2Image;
    overlays: readonly Qcow2Image[];
    dateMilliseconds: () => number;
  }) {
    this.machine = options.machine;
    this.ramImages = options.ramImages;
    this.stateImage = options.stateImage;
    this.images = [...new Set([options.stateImage, ...options.overlays])];
    this.dateMilliseconds = options.dateMilliseconds;
  }

  /** Costs what changed since the last snapshot, in RAM and on the disks. */
  take(name: string): TakenSnapshot {
    const { machine } = this;
    const state = machine.saveState();
    const { image: ram, copiedBytes } = this.ramImages.capture();
    writeMoment(this.stateImage, { state, ram }, this.written);
    this.written = ram;
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
    return { name, state, image: ram, copiedBytes };
  }

  delete(names: string[]): void {
    for (const image of this.images) image.deleteSnapshots(names);
  }

  /** Puts a snapshot's RAM into the machine and returns its state. */
  load(name: string): State {
    const names = { overlay: this.stateImage.name, snapshot: name };
    return readMoment(this.machine, this.stateImage.openSnapshot(name), names);
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
