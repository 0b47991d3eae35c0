import { withAllowedPaths, type Host } from '../../base/host.ts';
import type { BlockDevice } from '../../block/blockDevice.ts';
import { Qcow2Image } from '../../block/qcow2/image.ts';
import { RawImage } from '../../block/raw.ts';
import { overlayExists, overlayIsImage } from '../../../messages/drives.ts';
import {
  baseTooShort,
  endsReplays,
  losesSnapshots,
  overlayHasNoBase,
  type OverlayChange,
} from '../../../messages/overlays.ts';
import { backingOf, type DiskLocation, filesOfDisk, openDisk, openWithBacking } from '../openDisk.ts';
import { activityText, diskInUse, inUse, lockForSession } from '../filesInUse.ts';
import { NewFiles } from '../newFiles.ts';
import { Cleanup } from '../cleanup.ts';
import { withWritableOverlay, hasRecordingSnapshots, withReadOnlyOverlay } from './overlayFile.ts';
import { refuseBrokenLink, refuseOtherKind } from './ownFile.ts';

/**
 * Creates an empty overlay over a base, as recording does. Throws a UserError if the overlay exists and `overwrite` is
 * not set, or if it was not created by blkreplay.
 */
export function createOverlay(
  anyHost: Host,
  overlay: string,
  base: DiskLocation,
  { overwrite }: { overwrite: boolean },
): void {
  const host = withAllowedPaths(anyHost, [base.path]);
  const { files } = host;
  refuseBrokenLink(host, overlay);
  const taken = filesOfDisk(host, base).map((path) => files.identity(path));
  if (taken.includes(files.identity(overlay))) throw overlayIsImage(overlay);
  if (!overwrite && files.exists(overlay)) throw overlayExists(overlay);
  refuseOtherKind(host, overlay, 'overlay');
  Cleanup.onFailure((undo) => {
    const used = [...inUse('writes', [overlay]), ...diskInUse(host, base, 'base')];
    const lock = lockForSession(host, used, activityText('creating', overlay), undo);
    const backingDevice = openDisk(host, base);
    undo.add(() => backingDevice.close());
    const newFiles = new NewFiles(host, undo);
    const file = newFiles.create(overlay);
    const backing = { name: files.relativeName({ from: overlay, to: base.path }), format: base.format };
    Qcow2Image.create(file, { lengthBytes: backingDevice.lengthBytes, backing, backingDevice }).close();
    backingDevice.close();
    newFiles.publish({ replaces: overwrite });
    lock.release();
  });
}

/**
 * Writes the overlay's contents to its base, like `qemu-img commit`, and empties the overlay. This changes the base,
 * which is the user's own file. The overlay's snapshots refer to the old contents of the base, so they are deleted. If
 * the process is killed during the commit, the overlay still contains all data and can be committed again. Throws a
 * UserError if the overlay has snapshots and the operation is not confirmed.
 */
export function commitOverlay(host: Host, overlay: string, { confirmed }: Confirmation): void {
  const base = backingOf(host, overlay);
  if (!base) throw overlayHasNoBase(overlay, 'commit');
  refuseUnlessConfirmed(host, overlay, confirmed, 'commit');
  const alsoUses = inUse('writes', [base.path]);
  const commit = (image: Qcow2Image) => {
    const below = openBaseForWriting(host, base, image);
    try {
      copyTo(image, below);
      below.flush();
      emptyOverlay(image);
    } finally {
      below.close();
    }
  };
  withWritableOverlay(host, overlay, commit, { doing: 'committing', alsoUses });
}

/**
 * Resets the overlay to its initial state: its disk has the contents of the base, and it has no snapshots. Throws a
 * UserError if it has snapshots and the operation is not confirmed.
 */
export function discardOverlay(host: Host, overlay: string, { confirmed }: Confirmation): void {
  const refuseWithoutBase = ({ backingFileName }: Qcow2Image) => {
    if (backingFileName === undefined) throw overlayHasNoBase(overlay, 'discard');
  };
  withReadOnlyOverlay(host, overlay, refuseWithoutBase, { withoutBacking: true });
  refuseUnlessConfirmed(host, overlay, confirmed, 'discard');
  withWritableOverlay(host, overlay, emptyOverlay, { doing: 'discarding', withoutBacking: true });
}

export interface Confirmation {
  /** Whether the user has confirmed that data or snapshots will be deleted. */
  confirmed: boolean;
}

function refuseUnlessConfirmed(host: Host, overlay: string, confirmed: boolean, change: OverlayChange): void {
  if (confirmed) return;
  const refuse = (image: Qcow2Image) => {
    if (image.snapshots.list.length > 0) throw confirmationError(image, change);
  };
  withReadOnlyOverlay(host, overlay, refuse, { withoutBacking: true });
}

/** The error that asks for confirmation before an image's snapshots are deleted. */
export function confirmationError(image: Qcow2Image, change: OverlayChange): Error {
  return hasRecordingSnapshots(image) ? endsReplays(image.name, change) : losesSnapshots(image.name, change);
}

/** Deletes the snapshots first: if the process is killed between the two steps, the disk is unchanged. */
function emptyOverlay(image: Qcow2Image): void {
  if (image.snapshots.list.length > 0) image.snapshots.deleteMany(image.snapshots.list);
  image.makeEmpty();
}

/** Opens the base for writing. A raw base is extended to the overlay's length, as with `qemu-img commit`. */
function openBaseForWriting(host: Host, { path, format }: DiskLocation, overlay: Qcow2Image): BlockDevice {
  const file = host.files.open(path, { write: true, create: 'never' });
  if (format === 'qcow2') {
    const base = openWithBacking(host, { path, file, writable: true });
    if (base.lengthBytes >= overlay.lengthBytes) return base;
    base.closeWithoutWriting();
    throw baseTooShort({ base: path, overlay: overlay.name, lengthBytes: overlay.lengthBytes });
  }
  try {
    if (file.length() < overlay.lengthBytes) file.truncate(overlay.lengthBytes);
    return new RawImage(file, { writable: true });
  } catch (error) {
    file.close();
    throw error;
  }
}

function copyTo(image: Qcow2Image, base: BlockDevice): void {
  for (const { kind, offset, lengthBytes } of image.extents()) {
    if (kind === 'zero') base.writeZeroes(offset, lengthBytes);
    else if (kind !== 'unallocated') copyRange(image, base, offset, lengthBytes);
  }
}

export function copyRange(from: BlockDevice, to: BlockDevice, offset: number, lengthBytes: number): void {
  const buffer = new Uint8Array(Math.min(lengthBytes, COPY_BYTES));
  for (let done = 0; done < lengthBytes;) {
    const piece = buffer.subarray(0, Math.min(buffer.length, lengthBytes - done));
    from.read(offset + done, piece);
    to.write(offset + done, piece);
    done += piece.length;
  }
}

const COPY_BYTES = 1 << 20;
