import type { VirtioVersion } from '../base/driveRules.ts';
import { withAllowedPaths, type Host } from '../base/host.ts';
import { BlkreplayFilter } from '../block/blkreplay.ts';
import type { BlockDevice } from '../block/blockDevice.ts';
import type { ByteRange } from '../block/byteRange.ts';
import type { RequestLog } from '../block/blockRequest.ts';
import { DriveDigest } from '../block/driveDigest.ts';
import { Qcow2Image } from '../block/qcow2/image.ts';
import type { SnapshotView } from '../block/qcow2/snapshotView.ts';
import { ScratchLayer } from '../block/scratchLayer.ts';
import { overlayOfOtherSize } from '../../messages/drives.ts';
import type { DriveSlot } from '../machine/board.ts';
import { hasInternalSnapshots, openInitialDisk, allocatedRangesOf } from './internalSnapshots.ts';
import type { NewFiles } from './newFiles.ts';
import { type DiskFormat, openDisk, openWithBacking } from './openDisk.ts';

/** A drive's options. Paths are as the user typed them. */
export interface DriveOptions {
  id: string;
  image: string;
  format: DiskFormat;
  /** Null for a temporary overlay; the path of the image itself if the image stores its own snapshots. */
  overlay: string | null;
  readOnly: boolean;
  /** The virtio slot, 0 to 7; by default the first unused one. */
  slot?: number;
  /** The virtio-mmio transport: `modern` is version 2 (the default), `legacy` is version 1 (QEMU's default). */
  virtio?: VirtioVersion;
}

/**
 * A drive that a session has opened: the base image, the device that receives the writes, and, on top, the filter that
 * the machine uses.
 *
 *     live            base <- overlay (persistent or temporary) <- filter
 *     replaying       base <- overlay's snapshot <- scratch layer <- filter
 *     read-only       base <- filter
 */
export interface DriveStack extends BaseDisk {
  options: DriveOptions;
  filter: BlkreplayFilter;
  /** Receives the writes and stores the snapshots of a live session; undefined for a read-only drive. */
  overlay?: Qcow2Image;
  /** Receives a replay's writes; undefined for a read-only drive and in a live session. */
  scratch?: ScratchLayer;
  /** Closes the drive normally; the overlay is then complete. */
  close(): void;
  /** Closes the drive after an error, without further writes. */
  abandon(): void;
}

/** A base image and the digest of its contents, which is computed on first use. */
export interface BaseDisk {
  base: BlockDevice;
  baseDigest: DriveDigest;
  /**
   * The ranges in which a later state of the disk may differ from the base, in addition to the ranges allocated in the
   * overlay; see internalSnapshots.ts.
   */
  imageRanges?: readonly ByteRange[];
}

/** A host that also accepts, as backing files, the images and overlays that the user named. */
export const withAllowedDrives = (host: Host, drives: readonly DriveOptions[]): Host =>
  withAllowedPaths(
    host,
    drives.flatMap(({ image, overlay }) => (overlay === null ? [image] : [image, overlay])),
  );

/**
 * Opens only the base images, without creating or changing anything, so that the session can still be rejected. If an
 * image is its own overlay, `first` is the snapshot with the image's contents before the recording.
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
  if (first !== undefined && hasInternalSnapshots(drive)) return openInitialDisk(host, drive, first);
  const base = openDisk(host, { path: drive.image, format: drive.format });
  return { base, baseDigest: new DriveDigest(base) };
}

/**
 * Opens a drive for a live session and creates its overlay. The overlay replaces an existing file only when all new
 * files are published.
 */
export function openLiveDrive(
  host: Host,
  options: DriveOptions,
  { base, baseDigest, log, newFiles }: BaseDisk & { log: RequestLog; newFiles: NewFiles },
): DriveStack {
  if (options.readOnly) return readOnlyDrive(options, base, baseDigest, log);
  if (hasInternalSnapshots(options)) return openInPlace(host, options, { base, baseDigest }, log);
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
    close: end(() => (options.overlay === null ? overlay.closeWithoutWriting() : overlay.close())),
    abandon: end(() => overlay.closeWithoutWriting()),
  };
}

/** Reopens the image for writing; it was opened read-only for the checks. */
function openInPlace(host: Host, options: DriveOptions, baseDisk: BaseDisk, log: RequestLog): DriveStack {
  baseDisk.base.close();
  const file = host.files.open(options.image, { write: true, create: 'never' });
  const overlay = openWithBacking(host, { path: options.image, file, writable: true });
  const baseDigest = DriveDigest.from(baseDisk.baseDigest, overlay);
  const digest = DriveDigest.from(baseDigest, overlay);
  const filter = new BlkreplayFilter({ id: options.id, device: overlay, log, digest });
  const disk = { base: overlay, baseDigest, imageRanges: allocatedRangesOf(overlay) };
  return {
    options,
    ...disk,
    filter,
    overlay,
    close: () => overlay.close(),
    abandon: () => overlay.closeWithoutWriting(),
  };
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

/**
 * Opens a drive for a replay: the guest writes to a scratch layer over the disk in `snapshot`, which `overlay`
 * contains, or over the base if there is no snapshot.
 */
export function openReplayDrive(
  host: Host,
  options: DriveOptions,
  disk: BaseDisk & { overlay?: Qcow2Image; snapshot?: SnapshotView },
  log: RequestLog,
): DriveStack {
  const { base, baseDigest, imageRanges, overlay, snapshot } = disk;
  if (options.readOnly) return readOnlyDrive(options, base, baseDigest, log);
  const lower = snapshot?.disk ?? base;
  if (lower.lengthBytes !== base.lengthBytes) throw overlayOfOtherSize(overlay!.name, base.name);
  const device = new ScratchLayer({ lower, scratch: host.files.temporary(`${options.id}.scratch`) });
  const changed = [...(imageRanges ?? []), ...(snapshot?.allocatedRanges() ?? [])];
  const digest = DriveDigest.from(baseDigest, device, changed);
  const filter = new BlkreplayFilter({ id: options.id, device, log, digest });
  const close = () => {
    device.close();
    base.close();
  };
  return { options, base, baseDigest, imageRanges, filter, scratch: device, close, abandon: close };
}

function readOnlyDrive(options: DriveOptions, base: BlockDevice, baseDigest: DriveDigest, log: RequestLog): DriveStack {
  const filter = new BlkreplayFilter({ id: options.id, device: base, log, digest: baseDigest });
  const close = () => base.close();
  return { options, base, baseDigest, filter, close, abandon: close };
}

/** The drive's slot and transport, in the format of the recording's header. */
export function recordedSlot({ slot, legacy }: DriveSlot): { slot: number; virtio: VirtioVersion } {
  return { slot, virtio: legacy ? 'legacy' : 'modern' };
}
