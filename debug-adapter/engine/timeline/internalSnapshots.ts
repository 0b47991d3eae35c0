import type { Host } from '../base/host.ts';
import type { BlockDevice } from '../block/blockDevice.ts';
import type { ByteRange } from '../block/byteRange.ts';
import { DriveDigest } from '../block/driveDigest.ts';
import { Qcow2Image } from '../block/qcow2/image.ts';
import { snapshotExists } from '../../messages/block.ts';
import { overlayIsImage, snapshotNotInOverlay } from '../../messages/drives.ts';
import type { RecordingHeader } from '../recording/header.ts';
// Cycle: driveStack.ts uses these functions for its drives and base disks.
import type { BaseDisk, DriveOptions } from './driveStack.ts';
import { openWithBacking } from './openDisk.ts';

/**
 * Whether a drive's snapshots are stored in the user's own image. This is the case for a writable qcow2 image without
 * an overlay if the user gave a name for the first snapshot. The drive's options and the recording then name the image
 * as its own overlay. The first snapshot has the image's contents before the recording and is the base of every replay.
 */
export const hasInternalSnapshots = ({ image, overlay }: Pick<DriveOptions, 'image' | 'overlay'>): boolean =>
  overlay === image;

/**
 * Rejects an overlay with the same path as its image. To store snapshots in the image itself, the user must omit the
 * overlay.
 */
export function refuseOwnOverlay(drives: readonly DriveOptions[]): void {
  for (const drive of drives) if (hasInternalSnapshots(drive)) throw overlayIsImage(drive.image);
}

/**
 * For recording: makes each image without an overlay its own overlay. Two drives with the same image then have the same
 * overlay, which is rejected later.
 */
export function withInternalSnapshots(drives: readonly DriveOptions[]): DriveOptions[] {
  return drives.map((drive) => {
    const takes = drive.format === 'qcow2' && !drive.readOnly && drive.overlay === null;
    return takes ? { ...drive, overlay: drive.image } : drive;
  });
}

/** Rejects the name of an existing snapshot in the user's image. */
export function refuseExistingName(drives: readonly DriveOptions[], bases: readonly BaseDisk[], name: string): void {
  drives.forEach((drive, i) => {
    const { base } = bases[i];
    if (!hasInternalSnapshots(drive) || !(base instanceof Qcow2Image)) return;
    if (base.snapshots.list.some((snapshot) => snapshot.name === name)) throw snapshotExists(drive.image, name);
  });
}

/**
 * For a replay: if recording stored a drive's snapshots in the user's own image, makes that image the drive's overlay
 * again.
 */
export function withRecordedSetting(drives: readonly DriveOptions[], header: RecordingHeader): DriveOptions[] {
  return drives.map((drive) => {
    const recorded = header.drives.find(({ id }) => id === drive.id);
    const wasInPlace = recorded !== undefined && hasInternalSnapshots(recorded) && drive.overlay === null;
    return wasInPlace ? { ...drive, overlay: drive.image } : drive;
  });
}

/**
 * Opens the disk as it was before the recording. A later state of the disk differs from it only in ranges that are
 * allocated in one of the two states.
 */
export function openInitialDisk(host: Host, { image: path }: DriveOptions, snapshot: string): BaseDisk {
  const file = host.files.open(path, { write: false, create: 'never' });
  const image = openWithBacking(host, { path, file, writable: false });
  const known = image.snapshots.list.map(({ name }) => name);
  if (!known.includes(snapshot)) {
    image.close();
    throw snapshotNotInOverlay({ overlay: path, snapshot, known });
  }
  const view = image.snapshots.open(snapshot);
  const base = closing(view.disk, () => image.close());
  return { base, baseDigest: new DriveDigest(base), imageRanges: view.allocatedRanges() };
}

/** The ranges in which a user's qcow2 image differs from its backing file. */
export function allocatedRangesOf(device: BlockDevice): ByteRange[] {
  return device instanceof Qcow2Image ? device.allocatedRanges() : [];
}

function closing(device: BlockDevice, close: () => void): BlockDevice {
  return {
    name: device.name,
    lengthBytes: device.lengthBytes,
    readOnly: true,
    read: (offset, into) => device.read(offset, into),
    write: (offset, from) => device.write(offset, from),
    writeZeroes: (offset, lengthBytes) => device.writeZeroes(offset, lengthBytes),
    dataRanges: (offset, lengthBytes) => device.dataRanges(offset, lengthBytes),
    flush: () => {},
    close,
  };
}
