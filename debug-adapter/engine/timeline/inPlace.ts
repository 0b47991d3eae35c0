import type { Host } from '../base/host.ts';
import type { BlockDevice } from '../block/blockDevice.ts';
import type { ByteRange } from '../block/byteRange.ts';
import { DriveDigest } from '../block/driveDigest.ts';
import { Qcow2Image } from '../block/qcow2/image.ts';
import { snapshotExists } from '../errors/block.ts';
import { overlayIsImage, snapshotNotInOverlay } from '../errors/drives.ts';
import type { RecordingHeader } from '../recording/header.ts';
import type { BaseDisk, DriveOptions } from './driveStack.ts';
import { openOnBacking } from './openDisk.ts';

/**
 * Drives whose snapshots go into the user's own image: a writable qcow2 without an overlay, when the name of the first
 * snapshot was written out. The image then is its own overlay, and is said to be, here and in the recording; what it
 * showed before the recording is in its first snapshot, which is the base of every replay.
 */
export const isInPlace = ({ image, overlay }: Pick<DriveOptions, 'image' | 'overlay'>): boolean => overlay === image;

/** That an image takes its own snapshots is said by leaving the overlay out. An overlay that is named is another file. */
export function refuseOwnOverlay(drives: readonly DriveOptions[]): void {
  for (const drive of drives) if (isInPlace(drive)) throw overlayIsImage(drive.image);
}

/** For recording. Two drives on one image stay two drives on one overlay, which is refused. */
export function takingSnapshots(drives: readonly DriveOptions[]): DriveOptions[] {
  return drives.map((drive) => {
    const takes = drive.format === 'qcow2' && !drive.readOnly && drive.overlay === null;
    return takes ? { ...drive, overlay: drive.image } : drive;
  });
}

/** A name that the user has in an image already is not given to another snapshot. */
export function refuseTakenName(drives: readonly DriveOptions[], bases: readonly BaseDisk[], name: string): void {
  drives.forEach((drive, i) => {
    const { base } = bases[i];
    if (!isInPlace(drive) || !(base instanceof Qcow2Image)) return;
    if (base.snapshots.some((snapshot) => snapshot.name === name)) throw snapshotExists(drive.image, name);
  });
}

/** For replaying: those that were recorded so. */
export function asRecorded(drives: readonly DriveOptions[], header: RecordingHeader): DriveOptions[] {
  return drives.map((drive) => {
    const recorded = header.drives.find(({ id }) => id === drive.id);
    const wasInPlace = recorded !== undefined && isInPlace(recorded) && drive.overlay === null;
    return wasInPlace ? { ...drive, overlay: drive.image } : drive;
  });
}

/** The disk as it was before the recording. It differs from later ones where either is not the image's own base. */
export function openFirstDisk(host: Host, { image: path }: DriveOptions, snapshot: string): BaseDisk {
  const file = host.files.open(path, { write: false, create: 'never' });
  const image = openOnBacking(host, { path, file, writable: false });
  const known = image.snapshots.map(({ name }) => name);
  if (!known.includes(snapshot)) {
    image.close();
    throw snapshotNotInOverlay({ overlay: path, snapshot, known });
  }
  const view = image.openSnapshot(snapshot);
  const base = closing(view.disk, () => image.close());
  return { base, baseDigest: new DriveDigest(base), ownRanges: view.allocatedRanges() };
}

/** Where a qcow2 that is the user's does not show what it stands on. */
export function ownRangesOf(device: BlockDevice): ByteRange[] {
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
