import type { Position } from '../base/quantities.ts';
import { AUTOMATIC_PREFIX, newSnapshotNameProblem, SNAPSHOT_NAME_BYTES_MAX } from '../base/snapshotNames.ts';
import type { SnapshotInfo as ListedSnapshot, Qcow2Image } from '../block/qcow2/image.ts';
import { recordingOf } from './vmState.ts';
import * as errors from '../../messages/snapshots.ts';

/**
 * Identifies a snapshot: the id of its entry in the image with the machine state. It does not change when the snapshot
 * is renamed or the files are opened again, and is not reused for another snapshot while the files are open.
 */
export type SnapshotId = string & { readonly __brand?: 'SnapshotId' };

/** A snapshot as shown to users. */
export interface SnapshotInfo {
  id: SnapshotId;
  /** A label, which the user may change. No two snapshots of a recording have the same name. */
  name: string;
  position: Position;
  /** When it was taken, in milliseconds since 1970. */
  dateMilliseconds: number;
  /** True for an automatic snapshot, which the recording may delete. */
  isAutomatic: boolean;
  /**
   * The size of the machine state, including RAM, in bytes. Data that is shared with other snapshots is counted in
   * full.
   */
  stateBytes: number;
}

export const automaticName = (position: Position): string => `${AUTOMATIC_PREFIX}${position}`;

/** A snapshot that was taken, according to the log. */
export interface LoggedSnapshot {
  name: string;
  position: Position;
}

/** The number of automatic snapshots that were taken but have since been deleted by the recording or by the user. */
export function countDeleted(taken: Iterable<LoggedSnapshot>, existing: readonly SnapshotInfo[]): number {
  const positions = new Set(existing.map(({ position }) => position));
  let count = 0;
  for (const { name, position } of taken) if (name === automaticName(position) && !positions.has(position)) count++;
  return count;
}

/**
 * The automatic snapshots from any recording. The name must contain the snapshot's own position, because a user may
 * have given another snapshot a name like that of an automatic one.
 */
export const automaticSnapshots = (image: Qcow2Image): ListedSnapshot[] =>
  image.snapshots.list.filter(({ name, icount }) => name === automaticName(icount ?? 0));

/**
 * The snapshots in the image with the machine state, in order of position. A user's image may also contain other
 * snapshots. If `first` is given, returns only the snapshots of the recording whose first snapshot has this name.
 */
export function listSnapshots(image: Qcow2Image, first?: string): SnapshotInfo[] {
  return image.snapshots.list
    .filter((snapshot) => first === undefined || recordingOf(image.snapshots.open(snapshot)) === first)
    .map(snapshotInfo)
    .sort((a, b) => a.position - b.position);
}

/**
 * Always returns the same object for the same snapshot: the list is rebuilt after each change and may contain thousands
 * of snapshots.
 */
export function snapshotInfo(listed: ListedSnapshot): SnapshotInfo {
  let info = infos.get(listed);
  if (!info) {
    const { id, name, icount, dateSeconds, dateNanoseconds, vmStateSizeBytes } = listed;
    info = {
      id,
      name,
      position: icount ?? 0,
      dateMilliseconds: dateSeconds * 1000 + Math.floor(dateNanoseconds / 1_000_000),
      isAutomatic: name.startsWith(AUTOMATIC_PREFIX),
      stateBytes: vmStateSizeBytes,
    };
    infos.set(listed, info);
  }
  return info;
}

const infos = new WeakMap<ListedSnapshot, SnapshotInfo>();

/** Throws a UserError if a user may not use this name. `reserved` is the name of the recording's first snapshot. */
export function checkNewName(
  name: string,
  { existing, reserved }: { existing: readonly SnapshotInfo[]; reserved: string },
): void {
  const problem = newSnapshotNameProblem(name);
  if (problem === 'unusable') throw errors.snapshotNameUnusable(name, SNAPSHOT_NAME_BYTES_MAX);
  if (problem === 'automatic') throw errors.snapshotNameAutomatic(name, AUTOMATIC_PREFIX);
  if (name === reserved) throw errors.snapshotNameReserved(name);
  if (existing.some((other) => other.name === name)) throw errors.snapshotNameTaken(name);
}
