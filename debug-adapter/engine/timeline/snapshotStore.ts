import type { SnapshotDraft } from '../block/qcow2/snapshotDraft.ts';
import type { NewSnapshot } from '../block/qcow2/snapshots.ts';
import type { Machine } from '../machine/machine.ts';
import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import { ActiveVmState } from './activeVmState.ts';
import type { RamImage, RamImages } from './ramImages.ts';
import type { SnapshotImage } from './snapshotImage.ts';
import { SnapshotImages } from './snapshotImages.ts';
import { checkChangeable, checkNewName, type SnapshotInfo } from './snapshotInfo.ts';
import { encodeMoment, type KeptMoment, readMoment, writeMomentTo } from './vmState.ts';

/**
 * The snapshots of a recording: machine state in one image, the disks of all drives each in their own overlay, under one
 * name (see snapshotImages.ts).
 */
export interface TakenSnapshot {
  name: string;
  state: State;
  image: RamImage;
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
  private images: SnapshotImages;
  /** Those that replays start from. */
  private needed: readonly string[];
  private reserved: string;
  private end: Position;
  private dateMilliseconds: () => number;
  private activeVmState = new ActiveVmState();
  private listed: readonly SnapshotInfo[] = [];
  private listedFrom: readonly SnapshotInfo[] | undefined;

  constructor(options: {
    machine: Machine;
    /** Keeps the machine's state: the first writable drive's overlay, or a state-only image. */
    stateImage: SnapshotImage;
    /** Every image that gets an entry, the state image among them. */
    images: readonly SnapshotImage[];
    /** The name of the recording's first snapshot, and that of another one that this session started from. */
    first: string;
    startedFrom?: string;
    /** Where a recording ends that is replayed. A kill may have left snapshots that the log does not lead to. */
    end?: Position;
    dateMilliseconds: () => number;
  }) {
    this.machine = options.machine;
    this.images = new SnapshotImages(options.stateImage, options.images, options.first);
    this.images.mend();
    this.reserved = options.first;
    this.end = options.end ?? Infinity;
    this.needed = [options.first, ...(options.startedFrom === undefined ? [] : [options.startedFrom])];
    this.dateMilliseconds = options.dateMilliseconds;
  }

  // --- looking ---------------------------------------------------------------------------------------------------------

  /** What there is up to the recording's end, in order of position; the same list until a snapshot changes. */
  list(): readonly SnapshotInfo[] {
    const all = this.images.list();
    if (all !== this.listedFrom) {
      this.listedFrom = all;
      this.listed = all.filter(({ position }) => position <= this.end);
    }
    return this.listed;
  }

  /** Those that can be gone to: the ones that every drive has. */
  anchors(): readonly SnapshotInfo[] {
    return this.images.wholeOnes().filter(({ position }) => position <= this.end);
  }

  /** The picture of RAM that the next snapshot is held against. */
  get writtenRam(): RamImage {
    return this.activeVmState.ram;
  }

  find(name: string): SnapshotInfo | undefined {
    return this.list().find((snapshot) => snapshot.name === name);
  }

  /** What a snapshot keeps of the machine. */
  load(name: string): KeptMoment {
    const reading = this.reading(name);
    for (;;) {
      const { done, value } = reading.next();
      if (done) return value;
    }
  }

  /** The same piece by piece. */
  reading(name: string): Iterator<void, KeptMoment> {
    const { image } = this.images.state;
    return readMoment(this.machine, image.openSnapshot(name), { overlay: image.name, snapshot: name });
  }

  checkNewName(name: string): void {
    checkNewName(name, { existing: this.images.list(), reserved: this.reserved });
  }

  checkChangeable(name: string, change: 'delete' | 'rename'): void {
    checkChangeable(name, change, { existing: this.images.list(), needed: this.needed });
  }

  // --- changing --------------------------------------------------------------------------------------------------------

  /** Of a live machine in its present. Costs what changed since the last snapshot, in RAM and on the disks. */
  takePresent(name: string, ramImages: RamImages): TakenSnapshot {
    const state = this.machine.saveState();
    const ram = ramImages.capture();
    const encoded = encodeMoment({ state, ram, first: this.reserved });
    const entryFor = this.newEntry(name, encoded.lengthBytes);
    this.images.add(name, (image, isStateImage) => {
      if (isStateImage) this.activeVmState.update(image, encoded);
      image.createSnapshot(entryFor(isStateImage));
    });
    return { name, state, image: ram };
  }

  /**
   * Of a machine that stands in the past. Shares with the last snapshot before: what the disks' scratch layers do not
   * hold was not written since, for a replay writes what the recording wrote. Reads the RAM that this snapshot maps.
   */
  takePast(name: string, moment: PastMoment): void {
    const from = this.anchors().findLast(({ position }) => position <= this.machine.position);
    const encoded = encodeMoment({ ...moment, first: this.reserved });
    const entryFor = this.newEntry(name, encoded.lengthBytes);
    this.images.add(name, (image, isStateImage, driveId) => {
      image.createSnapshotFrom(from?.name, entryFor(isStateImage), (draft) => {
        moment.disks.find((disk) => disk.driveId === driveId)?.writeTo(draft);
        if (isStateImage) writeMomentTo(draft, encoded, from?.stateBytes ?? 0);
      });
    });
  }

  delete(names: readonly string[]): void {
    this.images.delete(names);
  }

  rename(from: string, to: string): void {
    this.images.rename(from, to);
  }

  private newEntry(name: string, stateBytes: number): (isStateImage: boolean) => NewSnapshot {
    const { machine } = this;
    // What the entry's 32 bits of seconds can say: 1970 to 2106.
    const date = Math.min(Math.max(0, Math.floor(this.dateMilliseconds())), 0xffff_ffff * 1000);
    return (isStateImage) => ({
      name,
      dateSeconds: Math.floor(date / 1000),
      dateNanoseconds: (date % 1000) * 1_000_000,
      vmClockNanoseconds: machine.nanoseconds,
      vmStateSizeBytes: isStateImage ? stateBytes : 0,
      icount: machine.position,
    });
  }
}
