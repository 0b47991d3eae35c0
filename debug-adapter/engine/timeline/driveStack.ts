import { allowing, type Host } from '../base/host.ts';
import { BlkreplayFilter } from '../block/blkreplay.ts';
import type { BlockDevice } from '../block/blockDevice.ts';
import type { ByteRange } from '../block/byteRange.ts';
import type { RequestLog } from '../block/blockRequest.ts';
import { DriveDigest } from '../block/driveDigest.ts';
import { Qcow2Image } from '../block/qcow2/image.ts';
import { ScratchLayer } from '../block/scratchLayer.ts';
import { overlayOfOtherSize } from '../errors/drives.ts';
import type { DriveWiring } from '../machine/board.ts';
import { isInPlace, openFirstDisk, ownRangesOf } from './inPlace.ts';
import type { NewFiles } from './newFiles.ts';
import { type DiskFormat, openDisk, openOnBacking } from './openDisk.ts';

/**
 * One drive as a session opens it: base image, what takes the writes, and the filter on top that the machine sees.
 *
 *   live            base <- overlay (persistent or temporary) <- filter
 *   replaying       base <- overlay's snapshot <- scratch layer <- filter
 *   read-only       base <- filter
 */
export interface DriveOptions {
  id: string;
  image: string;
  format: DiskFormat;
  /** Null for a temporary overlay; the image itself when that takes its own snapshots. */
  overlay: string | null;
  readOnly: boolean;
  /** Of the eight virtio slots, 0 to 7; without it the first that no drive names. */
  slot?: number;
  /** The virtio-mmio transport: version 2 (the default) or version 1, as QEMU has it unless told otherwise. */
  virtio?: 'modern' | 'legacy';
}

export interface DriveStack extends BaseDisk {
  options: DriveOptions;
  filter: BlkreplayFilter;
  /** Takes writes and snapshots of a live session; undefined for a read-only drive. */
  overlay?: Qcow2Image;
  /** Takes the writes of a replay; undefined for a read-only drive and in a live session. */
  scratch?: ScratchLayer;
  /** Ends it cleanly; the overlay is complete. */
  close(): void;
  /** Ends it after an error: nothing more is written. */
  abandon(): void;
}

/** A base image and the digest of its bytes, which is read when first asked for. */
export interface BaseDisk {
  base: BlockDevice;
  baseDigest: DriveDigest;
  /** Where, besides what an overlay says, other disks of this drive can differ: see inPlace.ts. */
  ownRanges?: readonly ByteRange[];
}

/** What the user named may be a backing file, too. */
export const allowingDrives = (host: Host, drives: readonly DriveOptions[]): Host =>
  allowing(
    host,
    drives.flatMap(({ image, overlay }) => (overlay === null ? [image] : [image, overlay])),
  );

/**
 * Opens the bases only: nothing is created or changed yet, so everything can still be refused. `first` names the
 * snapshot in which images that are their own overlays have what they showed before the recording.
 */
export function openBases(host: Host, drives: readonly DriveOptions[], first?: string): BaseDisk[] {
  const opened: BaseDisk[] = [];
  try {
    for (const drive of drives) opened.push(openBase(host, drive, first));
    return opened;
  } catch (error) {
    for (const { base } of opened) base.close();
    throw error;
  }
}

function openBase(host: Host, drive: DriveOptions, first: string | undefined): BaseDisk {
  if (first !== undefined && isInPlace(drive)) return openFirstDisk(host, drive, first);
  const base = openDisk(host, { path: drive.image, format: drive.format });
  return { base, baseDigest: new DriveDigest(base) };
}

/** For a session that runs on: creates the overlay, which replaces what may be there when all are published. */
export function openLiveDrive(
  host: Host,
  options: DriveOptions,
  { base, baseDigest, log, newFiles }: BaseDisk & { log: RequestLog; newFiles: NewFiles },
): DriveStack {
  if (options.readOnly) return readOnlyDrive(options, base, baseDigest, log);
  if (isInPlace(options)) return openInPlace(host, options, { base, baseDigest }, log);
  const overlay = createOverlay(host, options, base, newFiles);
  const digest = DriveDigest.from(baseDigest, overlay);
  const filter = new BlkreplayFilter({ id: options.id, device: overlay, log, digest });
  const end = (endOverlay: () => void) => () => {
    endOverlay();
    base.close();
  };
  return {
    options,
    base,
    baseDigest,
    filter,
    overlay,
    close: end(() => (options.overlay === null ? overlay.abandon() : overlay.close())),
    abandon: end(() => overlay.abandon()),
  };
}

/** The image takes the writes; it was open read-only until now, to be held against everything else. */
function openInPlace(host: Host, options: DriveOptions, before: BaseDisk, log: RequestLog): DriveStack {
  before.base.close();
  const file = host.files.open(options.image, { write: true, create: 'never' });
  const overlay = openOnBacking(host, { path: options.image, file, writable: true });
  const baseDigest = DriveDigest.from(before.baseDigest, overlay);
  const digest = DriveDigest.from(baseDigest, overlay);
  const filter = new BlkreplayFilter({ id: options.id, device: overlay, log, digest });
  const disk = { base: overlay, baseDigest, ownRanges: ownRangesOf(overlay) };
  return { options, ...disk, filter, overlay, close: () => overlay.close(), abandon: () => overlay.abandon() };
}

function createOverlay(host: Host, options: DriveOptions, base: BlockDevice, newFiles: NewFiles): Qcow2Image {
  const lengthBytes = base.lengthBytes;
  if (options.overlay === null) {
    const file = host.files.temporary(`${options.id}.qcow2`);
    return Qcow2Image.create(file, {
      lengthBytes,
      backing: { name: options.image, format: options.format },
      backingDevice: base,
    });
  }
  const file = newFiles.create(options.overlay);
  const name = host.files.relativeName({ from: options.overlay, to: options.image });
  return Qcow2Image.create(file, { lengthBytes, backing: { name, format: options.format }, backingDevice: base });
}

/** For a session that replays: the guest writes into a scratch layer over `lower`, which may be a snapshot's disk. */
export function openReplayDrive(
  host: Host,
  options: DriveOptions,
  disk: BaseDisk & { overlay?: Qcow2Image; snapshot?: string },
  log: RequestLog,
): DriveStack {
  const { base, baseDigest, ownRanges, overlay, snapshot } = disk;
  if (options.readOnly) return readOnlyDrive(options, base, baseDigest, log);
  const view = overlay && snapshot !== undefined ? overlay.openSnapshot(snapshot) : undefined;
  const lower = view?.disk ?? base;
  if (lower.lengthBytes !== base.lengthBytes) throw overlayOfOtherSize(overlay!.name, base.name);
  const device = new ScratchLayer({ lower, scratch: host.files.temporary(`${options.id}.scratch`) });
  const changed = [...(ownRanges ?? []), ...(view?.allocatedRanges() ?? [])];
  const digest = DriveDigest.from(baseDigest, device, changed);
  const filter = new BlkreplayFilter({ id: options.id, device, log, digest });
  const close = () => {
    device.close();
    base.close();
  };
  return { options, base, baseDigest, ownRanges, filter, scratch: device, close, abandon: close };
}

function readOnlyDrive(options: DriveOptions, base: BlockDevice, baseDigest: DriveDigest, log: RequestLog): DriveStack {
  const filter = new BlkreplayFilter({ id: options.id, device: base, log, digest: baseDigest });
  const close = () => base.close();
  return { options, base, baseDigest, filter, close, abandon: close };
}

/** How a drive is wired, in a recording's words. */
export function recordedWiring({ slot, legacy }: DriveWiring): { slot: number; virtio: 'modern' | 'legacy' } {
  return { slot, virtio: legacy ? 'legacy' : 'modern' };
}
