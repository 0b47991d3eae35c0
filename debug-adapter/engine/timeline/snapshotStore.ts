import type { SnapshotDraft } from '../block/qcow2/snapshotDraft.ts';
import type { NewSnapshot } from '../block/qcow2/snapshots.ts';
import type { Machine } from '../machine/machine.ts';
import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import { ActiveVmState } from './activeVmState.ts';
import type { RamSnapshot, RamSnapshots } from './ramSnapshots.ts';
import type { SnapshotImage } from './snapshotImage.ts';
import { SnapshotImages } from './snapshotImages.ts';
import { checkChangeable, checkNewName, type SnapshotInfo } from './snapshotInfo.ts';
import { encodeSnapshot, type LoadedSnapshot, readSnapshot, writeSnapshotTo } from './vmState.ts';

export interface TakenSnapshot {
  name: string;
  state: State;
  ram: RamSnapshot;
}

/** The machine's state at a position in its history. */
export interface HistorySnapshot {
  state: State;
  ram: RamSnapshot;
  disks: readonly HistoryDisk[];
}

export interface HistoryDisk {
  driveId: string;
  /** Updates a draft's disk, which initially equals an earlier snapshot's disk, to match this disk state. */
  writeTo(draft: SnapshotDraft): void;
}

/**
 * The snapshots of a recording: the machine state in one image, and each drive's disk in its own overlay, under the
 * same name (see snapshotImages.ts).
 */
export class SnapshotStore {
  private machine: Machine;
  private images: SnapshotImages;
  /** The snapshots from which replays start; they must be kept. */
  private required: readonly string[];
  private reserved: string;
  private end: Position;
  private dateMilliseconds: () => number;
  private activeVmState = new ActiveVmState();
  private listed: readonly SnapshotInfo[] = [];
  private listedFrom: readonly SnapshotInfo[] | undefined;

  constructor(options: {
    machine: Machine;
    /** The image with the machine state: the first writable drive's overlay, or a state-only image. */
    stateImage: SnapshotImage;
    /** All images in which a snapshot has an entry, including the state image. */
    images: readonly SnapshotImage[];
    /** The name of the recording's first snapshot, and the name of the snapshot from which this session started. */
    first: string;
    startedFrom?: string;
    /**
     * The end of a replayed recording. If the recording process was killed, there may be snapshots beyond the end of
     * the log.
     */
    end?: Position;
    dateMilliseconds: () => number;
  }) {
    this.machine = options.machine;
    this.images = new SnapshotImages(options.stateImage, options.images, options.first);
    this.images.repair();
    this.reserved = options.first;
    this.end = options.end ?? Infinity;
    this.required = [options.first, ...(options.startedFrom === undefined ? [] : [options.startedFrom])];
    this.dateMilliseconds = options.dateMilliseconds;
  }

  // --- reading ---------------------------------------------------------------------------------------------------------

  /** The snapshots up to the recording's end, in order of position. Returns the same array until a snapshot changes. */
  list(): readonly SnapshotInfo[] {
    const all = this.images.list();
    if (all !== this.listedFrom) {
      this.listedFrom = all;
      this.listed = all.filter(({ position }) => position <= this.end);
    }
    return this.listed;
  }

  /** The snapshots that can be restored, because every drive has them. */
  savedSnapshots(): readonly SnapshotInfo[] {
    return this.images.completeSnapshots().filter(({ position }) => position <= this.end);
  }

  /** The RAM pages with which the next snapshot is compared. */
  get writtenRam(): RamSnapshot {
    return this.activeVmState.ram;
  }

  find(name: string): SnapshotInfo | undefined {
    return this.list().find((snapshot) => snapshot.name === name);
  }

  /** Loads a snapshot's machine state and RAM pages. */
  load(name: string): LoadedSnapshot {
    const reading = this.readSnapshot(name);
    for (;;) {
      const { done, value } = reading.next();
      if (done) return value;
    }
  }

  /** Like `load`, but in pieces. Pages that are equal to those of `known` are shared with it. */
  readSnapshot(name: string, known?: RamSnapshot): Iterator<void, LoadedSnapshot> {
    const { image } = this.images.state;
    return readSnapshot(this.machine, image.snapshots.open(name), { overlay: image.name, snapshot: name, known });
  }

  checkNewName(name: string): void {
    checkNewName(name, { existing: this.images.list(), reserved: this.reserved });
  }

  checkChangeable(name: string, change: 'delete' | 'rename'): void {
    checkChangeable(name, change, { existing: this.images.list(), required: this.required });
  }

  // --- changing --------------------------------------------------------------------------------------------------------

  /**
   * Takes a snapshot at the live end. The cost is proportional to the changes in RAM and on the disks since the last
   * snapshot.
   */
  takeAtLiveEnd(name: string, ramSnapshots: RamSnapshots): TakenSnapshot {
    const state = this.machine.saveState();
    const ram = ramSnapshots.capture();
    const encoded = encodeSnapshot({ state, ram, first: this.reserved });
    const entryFor = this.newEntry(name, encoded.lengthBytes);
    this.images.add(name, (image, isStateImage) => {
      if (isStateImage) this.activeVmState.update(image, encoded);
      image.snapshots.create(entryFor(isStateImage));
    });
    return { name, state, ram: ram };
  }

  /**
   * Takes a snapshot in the history. It shares data with the previous snapshot: disk ranges that are not in the scratch
   * layers have not changed since that snapshot, because a replay writes the same data as the recording did. Reads the
   * previous snapshot's RAM.
   */
  takeInHistory(name: string, snapshot: HistorySnapshot): void {
    const from = this.savedSnapshots().findLast(({ position }) => position <= this.machine.position);
    const encoded = encodeSnapshot({ ...snapshot, first: this.reserved });
    const entryFor = this.newEntry(name, encoded.lengthBytes);
    this.images.add(name, (image, isStateImage, driveId) => {
      image.snapshots.createFrom(from?.name, entryFor(isStateImage), (draft) => {
        snapshot.disks.find((disk) => disk.driveId === driveId)?.writeTo(draft);
        if (isStateImage) writeSnapshotTo(draft, encoded, from?.stateBytes ?? 0);
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
    // The dates that a snapshot entry can store in 32-bit seconds: 1970 to 2106.
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
