import { countDeleted, type LoggedSnapshot, type SnapshotId, type SnapshotInfo } from './snapshotInfo.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import type { TimeTravel } from './timeTravel.ts';

/**
 * The snapshots of a timeline, which are identified by their ids. `named` finds the id for a name that a user typed.
 */
export interface Snapshots {
  /** All snapshots in order of position. Returns the same array until a snapshot changes. */
  list(): readonly SnapshotInfo[];
  /**
   * The number of automatic snapshots that have been deleted, for example because they had used up their disk space.
   */
  deletedCount(): number;
  /** Throws a UserError if there is no snapshot with this name or nothing is recorded. */
  named(name: string): SnapshotInfo;
  /**
   * Takes a snapshot of the current state, at the live end or in the history. The snapshot is durable when this
   * returns. Throws a UserError if the name is invalid (see `checkNewName`) or nothing is recorded.
   */
  take(name: string): SnapshotInfo;
  /**
   * Renames a snapshot. A renamed automatic snapshot is no longer deleted automatically. Throws a UserError for the
   * first snapshot, which cannot be renamed.
   */
  rename(id: SnapshotId, newName: string): void;
  /** Deletes a snapshot. Throws a UserError for the first snapshot, from which replays start. */
  delete(id: SnapshotId): void;
}

/** The snapshot operations that differ between a live machine and a replay. */
export interface SnapshotOwner {
  /** Undefined if the timeline cannot have snapshots. */
  readonly store: SnapshotStore | undefined;
  readonly travel: TimeTravel | undefined;
  /** All automatic snapshots that have been taken, including those that have been deleted. */
  automaticTaken(): readonly LoggedSnapshot[];
  /** The error to report if there is no store. */
  noStore(): Error;
  /**
   * Throws a UserError if no snapshot can be taken now. Makes the log durable, so that a replay can reach the snapshot.
   */
  beforeTaking(): void;
  takeAtLiveEnd(name: string): void;
  afterTaking(): void;
  /** Executes an action that changes the images. */
  change<T>(action: () => T): T;
}

/** Takes, renames and deletes snapshots, for a live machine and for a replay. */
export class TimelineSnapshots implements Snapshots {
  private owner: SnapshotOwner;

  constructor(owner: SnapshotOwner) {
    this.owner = owner;
  }

  list(): readonly SnapshotInfo[] {
    return this.owner.store?.list() ?? NO_SNAPSHOTS;
  }

  deletedCount(): number {
    return countDeleted(this.owner.automaticTaken(), this.list());
  }

  named(name: string): SnapshotInfo {
    return this.parts().store.named(name);
  }

  take(name: string): SnapshotInfo {
    const { owner } = this;
    const { store, travel } = this.parts();
    store.checkNewName(name);
    owner.beforeTaking();
    if (travel.isAtLiveEnd) owner.takeAtLiveEnd(name);
    else travel.saveSnapshot((snapshot) => owner.change(() => store.takeInHistory(name, snapshot)));
    owner.afterTaking();
    return store.named(name);
  }

  rename(id: SnapshotId, newName: string): void {
    const { store } = this.parts();
    if (store.changeable(id, 'rename').name === newName) return;
    store.checkNewName(newName);
    this.owner.change(() => store.rename(id, newName));
  }

  delete(id: SnapshotId): void {
    const { store, travel } = this.parts();
    store.changeable(id, 'delete');
    travel.deleteSnapshots([id], () => this.owner.change(() => store.delete([id])));
  }

  private parts(): { store: SnapshotStore; travel: TimeTravel } {
    const { store, travel } = this.owner;
    if (!store || !travel) throw this.owner.noStore();
    return { store, travel };
  }
}

/** A single array, because callers detect changes by comparing references. */
const NO_SNAPSHOTS: readonly SnapshotInfo[] = [];
