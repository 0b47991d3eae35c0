import { allowing, type Host } from '../../base/host.ts';
import type { BlockDevice } from '../../block/blockDevice.ts';
import { Qcow2Image } from '../../block/qcow2/image.ts';
import { RawImage } from '../../block/raw.ts';
import { overlayExists, overlayIsImage } from '../../errors/drives.ts';
import { baseTooShort, endsReplays, losesSnapshots, overlayHasNoBase } from '../../errors/overlays.ts';
import { backingOf, type DiskPlace, filesOfDisk, openDisk, openOnBacking } from '../openDisk.ts';
import { activity, diskInUse, inUse, lockForSession } from '../filesInUse.ts';
import { NewFiles } from '../newFiles.ts';
import { Undo } from '../undo.ts';
import { changeOverlay, keepsRecording, readOverlay } from './overlayFile.ts';
import { refuseBrokenLink, refuseForeign } from './ownFile.ts';

/** An empty overlay over a base, as recording makes it. */
export function createOverlay(
  anyHost: Host,
  overlay: string,
  base: DiskPlace,
  { overwrite }: { overwrite: boolean },
): void {
  const host = allowing(anyHost, [base.path]);
  const { files } = host;
  refuseBrokenLink(host, overlay);
  const taken = filesOfDisk(host, base).map((path) => files.identity(path));
  if (taken.includes(files.identity(overlay))) throw overlayIsImage(overlay);
  if (!overwrite && files.exists(overlay)) throw overlayExists(overlay);
  refuseForeign(host, overlay, 'overlay');
  Undo.onFailure((undo) => {
    const used = [...inUse('writes', [overlay]), ...diskInUse(host, base, 'base')];
    const lock = lockForSession(host, used, activity('creating', overlay), undo);
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
 * Brings the base up to what the overlay shows, as `qemu-img commit` does, and empties the overlay. This is one of the
 * two ways into a file that the user brought. Snapshots show a base that is no longer there, so they go. A kill on the
 * way leaves everything in the overlay: to be committed again.
 */
export function commitOverlay(host: Host, overlay: string, { confirmed }: Confirmation): void {
  const base = backingOf(host, overlay);
  if (!base) throw overlayHasNoBase(overlay, 'commit');
  refuseUnlessConfirmed(host, overlay, confirmed, 'committing it, which changes the base under them,');
  const alsoUses = inUse('writes', [base.path]);
  const commit = (image: Qcow2Image) => {
    const below = openWritable(host, base, image);
    try {
      copyInto(image, below);
      below.flush();
      clear(image);
    } finally {
      below.close();
    }
  };
  changeOverlay(host, overlay, commit, { doing: 'committing', alsoUses });
}

/** The overlay is as when it was made: it shows its base, and keeps no snapshot. */
export function discardOverlay(host: Host, overlay: string, { confirmed }: Confirmation): void {
  const refuseWithoutBase = ({ backingFileName }: Qcow2Image) => {
    if (backingFileName === undefined) throw overlayHasNoBase(overlay, 'go back to');
  };
  readOverlay(host, overlay, refuseWithoutBase, { onItself: true });
  refuseUnlessConfirmed(host, overlay, confirmed, 'discarding what is in it');
  changeOverlay(host, overlay, clear, { doing: 'discarding', onItself: true });
}

export interface Confirmation {
  /** The user knows what this ends or loses. */
  confirmed: boolean;
}

function refuseUnlessConfirmed(host: Host, overlay: string, confirmed: boolean, doing: string): void {
  if (confirmed) return;
  const refuse = (image: Qcow2Image) => {
    if (image.snapshots.length > 0) throw confirmationToLose(image, doing);
  };
  readOverlay(host, overlay, refuse, { onItself: true });
}

/** The question to ask before the snapshots of an image go. */
export function confirmationToLose(image: Qcow2Image, doing: string): Error {
  return keepsRecording(image) ? endsReplays(image.name, doing) : losesSnapshots(image.name, doing);
}

/** Snapshots first: a kill in between leaves the disk as it is. */
function clear(image: Qcow2Image): void {
  if (image.snapshots.length > 0) image.deleteSnapshots(image.snapshots.map(({ name }) => name));
  image.makeEmpty();
}

/** A raw base grows to the overlay's length, as with qemu-img. */
function openWritable(host: Host, { path, format }: DiskPlace, overlay: Qcow2Image): BlockDevice {
  const file = host.files.open(path, { write: true, create: 'never' });
  if (format === 'qcow2') {
    const base = openOnBacking(host, { path, file, writable: true });
    if (base.lengthBytes >= overlay.lengthBytes) return base;
    base.abandon();
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

function copyInto(image: Qcow2Image, base: BlockDevice): void {
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
