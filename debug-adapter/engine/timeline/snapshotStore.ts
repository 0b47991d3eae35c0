import type { Qcow2Image } from '../block/qcow2/image.ts';
import type { SnapshotDraft } from '../block/qcow2/snapshotDraft.ts';
import type { NewSnapshot } from '../block/qcow2/snapshots.ts';
import type { Machine } from '../machine/machine.ts';
import type { State } from '../base/state.ts';
import type { RamImage, RamImages } from './ramImages.ts';
import type { SnapshotImage } from './snapshotImage.ts';
import { checkChangeable, checkNewName, listSnapshots, type SnapshotInfo } from './snapshotInfo.ts';
import { readMoment, vmStateBytes, writeMoment, writeMomentTo } from './vmState.ts';

/**
 * The snapshots of a recording: machine state in one image, the disks of all drives each in their own overlay, under one
 * name. The image with the state is the one that counts: it gets a snapshot last and loses it first, so that whatever
 * it lists is whole, and what a kill left in the others alone is cleared away at the next change.
 */
export interface TakenSnapshot {
  name: string;
  state: State;
  image: RamImage;
  /** Bytes of pages that were copied for it. */
  copiedBytes: number;
}

/** A moment of the past, as the machine stands there. */
export interface PastMoment {
  state: State;
  ram: RamImage;
  disks: readonly PastDisk[];
}

export interface PastDisk {
  driveId: string;
  /** Brings a draft from an earlier snapshot's disk up to this moment's. */
  writeTo(draft: SnapshotDraft): void;
}

export class SnapshotStore {
  private machine: Machine;
  private stateImage: SnapshotImage;
  /** The image with the state is the last. */
  private images: readonly SnapshotImage[];
  /** Those that replays start from. */
  private needed: readonly string[];
  private reserved: string;
  private dateMilliseconds: () => number;
  /** RAM as the state image's active VM state has it. */
  private written: RamImage = [];
  private listed: SnapshotInfo[] | undefined;
  private usable: SnapshotInfo[] | undefined;

  constructor(options: {
    machine: Machine;
    /** Keeps the machine's state: the first writable drive's overlay, or a state-only image. */
    stateImage: SnapshotImage;
    /** Every image that gets an entry, the state image among them. */
    images: readonly SnapshotImage[];
    /** The name of the recording's first snapshot, and that of another one that this session started from. */
    first: string;
    startedFrom?: string;
    dateMilliseconds: () => number;
  }) {
    this.machine = options.machine;
    this.stateImage = options.stateImage;
    this.images = [...options.images.filter((image) => image !== options.stateImage), options.stateImage];
    this.reserved = options.first;
    this.needed = [options.first, ...(options.startedFrom === undefined ? [] : [options.startedFrom])];
    this.dateMilliseconds = options.dateMilliseconds;
  }

  // --- looking ---------------------------------------------------------------------------------------------------------

  /** What there is, in order of position. */
  list(): readonly SnapshotInfo[] {
    return (this.listed ??= listSnapshots(this.stateImage.image));
  }

  /** Those that can be gone to: the ones that every drive has. */
  anchors(): readonly SnapshotInfo[] {
    return (this.usable ??= this.list().filter(({ name, position }) =>
      this.images.every(({ image }) =>
        image.snapshots.some((other) => other.name === name && other.icount === position),
      ),
    ));
  }

  find(name: string): SnapshotInfo | undefined {
    return this.list().find((snapshot) => snapshot.name === name);
  }

  /** Puts a snapshot's RAM into the machine and returns its state. */
  load(name: string): State {
    const { image } = this.stateImage;
    return readMoment(this.machine, image.openSnapshot(name), { overlay: image.name, snapshot: name });
  }

  checkNewName(name: string): void {
    checkNewName(name, { existing: this.list(), reserved: this.reserved });
  }

  checkChangeable(name: string, change: 'delete' | 'rename'): void {
    checkChangeable(name, change, { existing: this.list(), needed: this.needed });
  }

  // --- changing --------------------------------------------------------------------------------------------------------

  /** Of a live machine in its present. Costs what changed since the last snapshot, in RAM and on the disks. */
  takePresent(name: string, ramImages: RamImages): TakenSnapshot {
    const state = this.machine.saveState();
    const { image: ram, copiedBytes } = ramImages.capture();
    const entryFor = this.newEntry(name);
    this.changeImages((image, isStateImage) => {
      if (isStateImage) {
        writeMoment(image, { state, ram }, this.written);
        this.written = ram;
      }
      image.createSnapshot(entryFor(isStateImage));
    });
    return { name, state, image: ram, copiedBytes };
  }

  /**
   * Of a machine that stands in the past. Shares with the last snapshot before: what the disks' scratch layers do not
   * hold was not written since, for a replay writes what the recording wrote. Reads the RAM that this snapshot maps.
   */
  takePast(name: string, moment: PastMoment): void {
    const from = this.anchors().findLast(({ position }) => position <= this.machine.position)?.name;
    const entryFor = this.newEntry(name);
    this.changeImages((image, isStateImage, driveId) => {
      image.createSnapshotFrom(from, entryFor(isStateImage), (draft) => {
        moment.disks.find((disk) => disk.driveId === driveId)?.writeTo(draft);
        if (isStateImage) writeMomentTo(draft, moment);
      });
    });
  }

  delete(names: readonly string[]): void {
    this.changeImages(
      (image) => {
        const here = image.snapshots.filter(({ name }) => names.includes(name));
        image.deleteSnapshots(here.map(({ name }) => name));
      },
      [...this.images].reverse(),
    );
  }

  rename(from: string, to: string): void {
    this.changeImages((image) => {
      if (image.snapshots.some(({ name }) => name === from)) image.renameSnapshot(from, to);
    });
  }

  private newEntry(name: string): (isStateImage: boolean) => NewSnapshot {
    const { machine } = this;
    const date = this.dateMilliseconds();
    return (isStateImage) => ({
      name,
      dateSeconds: Math.floor(date / 1000),
      dateNanoseconds: (date % 1000) * 1_000_000,
      vmClockNanoseconds: machine.nanoseconds,
      vmStateSizeBytes: isStateImage ? vmStateBytes(machine) : 0,
      icount: machine.position,
    });
  }

  private changeImages(
    work: (image: Qcow2Image, isStateImage: boolean, driveId: string | undefined) => void,
    order: readonly SnapshotImage[] = this.images,
  ): void {
    const kept = this.list();
    try {
      for (const snapshotImage of order) {
        const isStateImage = snapshotImage === this.stateImage;
        snapshotImage.change((image) => {
          if (!isStateImage && order === this.images) mend(image, kept);
          work(image, isStateImage, snapshotImage.driveId);
        });
      }
    } finally {
      this.listed = undefined;
      this.usable = undefined;
    }
  }
}

/**
 * Makes a drive's overlay list the snapshots that the state image lists, after a kill between the two. A position has
 * one state only, so a snapshot of the same position is the one that is missing, under the name it had or was to get.
 */
function mend(image: Qcow2Image, kept: readonly SnapshotInfo[]): void {
  const isKept = (name: string): boolean => kept.some((other) => other.name === name);
  const strays = image.snapshots.filter(({ name }) => !isKept(name));
  for (const { name, icount } of strays) {
    const missing = kept.find(
      (other) => other.position === icount && !image.snapshots.some((present) => present.name === other.name),
    );
    if (missing) image.renameSnapshot(name, missing.name);
    else image.deleteSnapshot(name);
  }
}
