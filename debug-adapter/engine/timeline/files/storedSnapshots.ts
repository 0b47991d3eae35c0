import type { Host } from '../../base/host.ts';
import type { Position } from '../../base/quantities.ts';
import type { Qcow2Image } from '../../block/qcow2/image.ts';
import { keepsNoSnapshots, losesDisk, losesFirstSnapshot } from '../../../messages/overlays.ts';
import { snapshotNameTaken } from '../../../messages/snapshots.ts';
import { MAGIC } from '../../recording/chunk.ts';
import { RecordingReader } from '../../recording/recordingReader.ts';
import { activityText, inUse } from '../filesInUse.ts';
import { hasInternalSnapshots } from '../internalSnapshots.ts';
import { stateFileOf } from '../sessionOptions.ts';
import { openRecordedImage, type SnapshotImage } from '../snapshotImage.ts';
import { SnapshotImages } from '../snapshotImages.ts';
import type { SnapshotId, SnapshotInfo } from '../snapshotInfo.ts';
import { isBlkreplayState } from '../vmState.ts';
import type { Confirmation } from './overlayChanges.ts';
import { hasRecordingSnapshots, withLocks } from './overlayFile.ts';

/**
 * A snapshot in a recording's images or in a single qcow2 image. Sizes are in bytes; the date is in milliseconds
 * since 1970.
 */
export interface SnapshotEntryInfo {
  id: SnapshotId;
  name: string;
  /** Null for a snapshot that was not taken during recording or replay. */
  position: Position | null;
  dateMilliseconds: number;
  stateBytes: number;
  /** `foreign`: a machine state written by another program, such as QEMU; it is listed but never loaded. */
  state: 'ours' | 'foreign' | 'none';
  /**
   * Whether the snapshot is beyond the end of an incomplete recording. No replay can reach such a snapshot or start
   * from it.
   */
  isBeyondEnd: boolean;
}

/**
 * The snapshots in files that no session has open. `path` is either a single qcow2 image or a recording, whose
 * snapshots are in the overlays of all its drives. Relative names in a recording are resolved against the current
 * folder, as during recording. Throws a UserError for files that are in use or unreadable.
 */
export function listStoredSnapshots(host: Host, path: string): SnapshotEntryInfo[] {
  return withSnapshotImages(host, path, { writes: false }, ({ images, end }) => {
    const listed = images.list();
    return snapshotsIn(images.state.image, end).filter(({ id }) => listed.some((other) => other.id === id));
  });
}

/**
 * Restores the disk contents of all drives from the snapshot. Throws a UserError if the operation is not confirmed,
 * because the current disk contents will be lost.
 */
export function applyStoredSnapshot(host: Host, path: string, name: string, { confirmed }: Confirmation): void {
  withSnapshotImages(host, path, { writes: true }, ({ images, names }) => {
    const { id } = images.named(name);
    if (!confirmed) throw losesDisk(names, name);
    images.apply(id);
  });
}

/**
 * Renames a snapshot. Throws a UserError if the name is already in use, or if the snapshot is the recording's first one
 * and the operation is not confirmed.
 */
export function renameStoredSnapshot(
  host: Host,
  path: string,
  name: string,
  newName: string,
  { confirmed }: Confirmation,
): void {
  withSnapshotImages(host, path, { writes: true }, ({ images, isFirst }) => {
    const snapshot = images.named(name);
    if (name === newName) return;
    if (images.list().some((other) => other.name === newName)) throw snapshotNameTaken(newName);
    if (isFirst(snapshot) && !confirmed) throw losesFirstSnapshot(path, name, 'rename');
    images.rename(snapshot.id, newName);
  });
}

/** Deletes a snapshot. Throws a UserError for the recording's first snapshot if the operation is not confirmed. */
export function deleteStoredSnapshot(host: Host, path: string, name: string, { confirmed }: Confirmation): void {
  withSnapshotImages(host, path, { writes: true }, ({ images, isFirst }) => {
    const snapshot = images.named(name);
    if (isFirst(snapshot) && !confirmed) throw losesFirstSnapshot(path, name, 'delete');
    images.delete([snapshot.id]);
  });
}

export function snapshotsIn(image: Qcow2Image, end: Position = Infinity): SnapshotEntryInfo[] {
  return image.snapshots.list.map(({ id, name, icount, dateSeconds, dateNanoseconds, vmStateSizeBytes }) => ({
    id,
    name,
    position: icount ?? null,
    dateMilliseconds: dateSeconds * 1000 + Math.floor(dateNanoseconds / 1_000_000),
    stateBytes: vmStateSizeBytes,
    state: vmStateSizeBytes === 0 ? 'none' : isBlkreplayState(image.snapshots.open({ id })) ? 'ours' : 'foreign',
    isBeyondEnd: (icount ?? 0) > end,
  }));
}

interface SnapshotFiles {
  images: SnapshotImages;
  /** The names of the files, for use in messages. */
  names: string;
  /** Whether replays start from the snapshot. */
  isFirst: (snapshot: SnapshotInfo) => boolean;
  /** The end of the recording; undefined if the snapshots are in a single image. */
  end: Position | undefined;
}

function withSnapshotImages<T>(
  host: Host,
  path: string,
  { writes }: { writes: boolean },
  work: (kept: SnapshotFiles) => T,
): T {
  const recording = recordingAt(host, path);
  const paths = recording?.paths ?? [path];
  if (paths.length === 0) throw keepsNoSnapshots(path);
  const use = writes ? 'writes' : 'reads';
  return withLocks(host, inUse(use, [path, ...paths]), activityText('working on', path), () => {
    const opened: SnapshotImage[] = [];
    try {
      for (const each of paths) {
        const isShared = recording?.shared.includes(each) ?? true;
        opened.push(openRecordedImage(host, each, undefined, { isShared, withoutBacking: true }));
      }
      const images = new SnapshotImages(opened[0], opened, recording?.first);
      if (writes) images.repair();
      const isFirst = ({ id, name }: SnapshotInfo) => {
        if (recording) return name === recording.first;
        const { image } = images.state;
        return image.snapshots.list.find((entry) => entry.id === id)?.icount === 0 && hasRecordingSnapshots(image);
      };
      return work({ images, names: paths.join(' and '), isFirst, end: recording?.end });
    } finally {
      for (const { image } of opened) image.close();
    }
  });
}

interface RecordedImages {
  paths: string[];
  shared: string[];
  first: string;
  end: Position;
}

/**
 * The images with the recording's snapshots, starting with the one that has the machine state. Undefined if the file is
 * not a recording.
 */
function recordingAt(host: Host, path: string): RecordedImages | undefined {
  const file = host.files.open(path, { write: false, create: 'never' });
  const magic = new Uint8Array(MAGIC.length);
  const length = file.readAt(0, magic);
  if (length < MAGIC.length || magic.some((byte, index) => byte !== MAGIC[index])) {
    file.close();
    return undefined;
  }
  try {
    const { header, lastPosition: end } = new RecordingReader(file, host.compression);
    const overlays = header.drives.flatMap(({ overlay, readOnly }) => (overlay === null || readOnly ? [] : [overlay]));
    // The machine state was in the first drive's temporary overlay. Without the machine state, the other overlays are
    // useless.
    const isLost = header.stateFile === null && header.drives.find(({ readOnly }) => !readOnly)?.overlay === null;
    const paths = header.stateFile === null ? overlays : [stateFileOf(path), ...overlays];
    const shared = header.drives.filter(hasInternalSnapshots).map(({ image }) => image);
    return { paths: isLost ? [] : paths, shared, first: header.rrsnapshot, end };
  } finally {
    file.close();
  }
}
