import type { Qcow2Image } from '../block/qcow2/image.ts';
import type { SnapshotDraft } from '../block/qcow2/snapshotDraft.ts';
import type { NewSnapshot } from '../block/qcow2/snapshots.ts';
import type { SnapshotView } from '../block/qcow2/snapshotView.ts';
import type { Machine } from '../machine/machine.ts';
import type { Position } from '../base/quantities.ts';
import type { State } from '../base/state.ts';
import * as errors from '../../messages/snapshots.ts';
import { ActiveVmState } from './activeVmState.ts';
import type { RamSnapshot, RamSnapshots } from './ramSnapshots.ts';
import { entryKey, type Later, type NewEntry, type SnapshotImages } from './snapshotImages.ts';
import { checkNewName, type SnapshotId, type SnapshotInfo } from './snapshotInfo.ts';
import { encodeSnapshot, type LoadedSnapshot, readSnapshot, writeSnapshotTo } from './vmState.ts';

export interface TakenSnapshot {
  id: SnapshotId;
  state: State;
  ram: RamSnapshot;
  /** The bytes of machine state that were written. */
  writtenBytes: number;
}

/** The machine's state at a position in its history. */
export interface HistorySnapshot {
  state: State;
  ram: RamSnapshot;
  disks: readonly HistoryDisk[];
}

export interface HistoryDisk {
  driveId: string;
  /** Updates a draft's disk to match this disk state. The draft initially has an earlier snapshot's disk contents. */
  writeTo(draft: SnapshotDraft): void;
}

/**
 * The snapshots of a recording: the machine state in one image, and each drive's disk in its own overlay (see
 * snapshotImages.ts).
 */
export class SnapshotStore {
  private machine: Machine;
  private images: SnapshotImages;
  private first: string;
  private startedFrom: SnapshotId | undefined;
  private end: Position;
  private dateMilliseconds: () => number;
  private activeVmState = new ActiveVmState();
  private listed: readonly SnapshotInfo[] = [];
  private listedFrom: readonly SnapshotInfo[] | undefined;

  constructor(options: {
    machine: Machine;
    images: SnapshotImages;
    /**
     * The recording's first snapshot, which the recording's header identifies by name, and the snapshot from which this
     * session started. They must be kept, because replays start from them.
     */
    first: string;
    startedFrom?: SnapshotId;
    /**
     * The end of a replayed recording. If the recording process was killed, there may be snapshots beyond the end of
     * the log.
     */
    end?: Position;
    dateMilliseconds: () => number;
  }) {
    this.machine = options.machine;
    this.images = options.images;
    this.images.repair();
    this.first = options.first;
    this.startedFrom = options.startedFrom;
    this.end = options.end ?? Infinity;
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

  /** The snapshots that can be restored, because the image of every drive contains them. */
  savedSnapshots(): readonly SnapshotInfo[] {
    return this.images.completeSnapshots().filter(({ position }) => position <= this.end);
  }

  /**
   * The RAM pages of the snapshot that was written last. Only pages that differ from these are written for the next
   * snapshot.
   */
  get writtenRam(): RamSnapshot {
    return this.activeVmState.ram;
  }

  /** Throws a UserError if there is no snapshot with this name. */
  named(name: string): SnapshotInfo {
    return this.images.named(name);
  }

  /** Opens a drive's disk as stored in a snapshot. */
  openDisk(id: SnapshotId, driveId: string): SnapshotView {
    return this.images.open(id, driveId);
  }

  /** Loads a snapshot's machine state and RAM pages. */
  load(id: SnapshotId): LoadedSnapshot {
    const reading = this.readSnapshot(id);
    for (;;) {
      const { done, value } = reading.next();
      if (done) return value;
    }
  }

  /** Like `load`, but in pieces. Pages that equal those of `known` are shared with `known`. */
  readSnapshot(id: SnapshotId, known?: RamSnapshot): Iterator<void, LoadedSnapshot> {
    const names = { overlay: this.images.state.image.name, snapshot: this.images.find(id)?.name ?? id };
    return readSnapshot(this.machine, this.images.open(id), { ...names, known });
  }

  checkNewName(name: string): void {
    checkNewName(name, { existing: this.images.list(), reserved: this.first });
  }

  /** Returns a snapshot that may be changed. Throws a UserError if there is no such snapshot, or if it must be kept. */
  changeable(id: SnapshotId, change: 'delete' | 'rename'): SnapshotInfo {
    const snapshot = this.images.list().find((each) => each.id === id);
    if (!snapshot) throw errors.snapshotIdUnknown(id);
    const { name } = snapshot;
    if (name === this.first || id === this.startedFrom) throw errors.snapshotNeeded(name, change);
    return snapshot;
  }

  // --- changing --------------------------------------------------------------------------------------------------------

  /**
   * Takes a snapshot at the live end. The cost is proportional to the changes in RAM and on the disks since the last
   * snapshot. With `later`, does not wait until the snapshot is durable.
   */
  takeAtLiveEnd(name: string, ramSnapshots: RamSnapshots, later?: Later): TakenSnapshot {
    const state = this.machine.saveState();
    const ram = ramSnapshots.capture();
    const encoded = encodeSnapshot({ state, ram, first: this.first });
    const fields = this.newEntry(name);
    let writtenBytes = 0;
    const create = (image: Qcow2Image, { id, isStateImage, later: when }: NewEntry): void => {
      if (isStateImage) writtenBytes = this.activeVmState.update(image, encoded);
      const entry = { ...fields, id, vmStateSizeBytes: isStateImage ? encoded.lengthBytes : 0 };
      if (when) image.snapshots.createLater(entry, when.before);
      else image.snapshots.create(entry);
    };
    const id = this.images.add(name, create, later);
    return { id, state, ram, writtenBytes };
  }

  /**
   * Takes a snapshot in the history. It shares data with the previous snapshot: disk ranges that are not in the scratch
   * layers have not changed since that snapshot, because a replay writes the same data as the recording did. Reads the
   * previous snapshot's RAM.
   */
  takeInHistory(name: string, snapshot: HistorySnapshot): SnapshotId {
    const from = this.savedSnapshots().findLast(({ position }) => position <= this.machine.position);
    const encoded = encodeSnapshot({ ...snapshot, first: this.first });
    const fields = this.newEntry(name);
    return this.images.add(name, (image, { id, isStateImage, driveId }) => {
      const entry = { ...fields, id, vmStateSizeBytes: isStateImage ? encoded.lengthBytes : 0 };
      image.snapshots.createFrom(from && entryKey(image, from), entry, (draft) => {
        snapshot.disks.find((disk) => disk.driveId === driveId)?.writeTo(draft);
        if (isStateImage) writeSnapshotTo(draft, encoded, from?.stateBytes ?? 0);
      });
    });
  }

  /** Does the next part of the work that makes new snapshots durable, if that is possible without waiting. */
  continuePending(): void {
    this.images.continuePending();
  }

  delete(ids: readonly SnapshotId[]): void {
    this.images.delete(ids);
  }

  rename(id: SnapshotId, newName: string): void {
    this.images.rename(id, newName);
  }

  private newEntry(name: string): Omit<NewSnapshot, 'id' | 'vmStateSizeBytes'> {
    const { machine } = this;
    // A snapshot entry stores the date as seconds in 32 bits, so it can represent only the years 1970 to 2106.
    const date = Math.min(Math.max(0, Math.floor(this.dateMilliseconds())), 0xffff_ffff * 1000);
    return {
      name,
      dateSeconds: Math.floor(date / 1000),
      dateNanoseconds: (date % 1000) * 1_000_000,
      vmClockNanoseconds: machine.nanoseconds,
      icount: machine.position,
    };
  }
}
