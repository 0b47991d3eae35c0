import type { Host } from '../../base/host.ts';
import type { BlockDevice } from '../../block/blockDevice.ts';
import type { CheckResult } from '../../block/qcow2/check.ts';
import { Qcow2Image } from '../../block/qcow2/image.ts';
import { type DiskFile, listDiskFiles } from '../openDisk.ts';
import { type SnapshotEntryInfo, snapshotsIn } from './storedSnapshots.ts';
import { withWritableOverlay, hasRecordingSnapshots, withReadOnlyOverlay } from './overlayFile.ts';

/** The properties of a qcow2 image. */
export interface OverlayInfo {
  virtualBytes: number;
  fileBytes: number;
  clusterBytes: number;
  /** The size of the disk contents that do not come from the base, in bytes. */
  allocatedBytes: number;
  /**
   * The files from the overlay to the last backing file. If a file could not be opened, it is the last entry, and the
   * entry contains the reason.
   */
  chain: DiskFile[];
  snapshots: SnapshotEntryInfo[];
  /** Whether the overlay has snapshots from which a recording can be replayed. */
  keepsRecording: boolean;
}

/**
 * Describes an overlay, or any other qcow2 image: its sizes in bytes, its backing chain and its snapshots. Throws a
 * UserError if it is in use or damaged.
 */
export function overlayInfo(host: Host, overlay: string): OverlayInfo {
  const describe = (image: Qcow2Image): OverlayInfo => ({
    virtualBytes: image.lengthBytes,
    fileBytes: image.fileBytes,
    clusterBytes: image.clusterSizeBytes,
    allocatedBytes: image.allocatedRanges().reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    chain: listDiskFiles(host, { path: overlay, format: 'qcow2' }),
    snapshots: snapshotsIn(image),
    keepsRecording: hasRecordingSnapshots(image),
  });
  return withReadOnlyOverlay(host, overlay, describe, { withoutBacking: true });
}

/** The result of a check; after a repair, also the number of repaired errors. */
export interface OverlayCheck extends CheckResult {
  repaired?: { corruptions: number; leaks: number };
}

/**
 * Checks an overlay. Problems are returned, not thrown. `repair` corrects refcounts and COPIED flags; other damage
 * throws a UserError.
 */
export function checkOverlay(host: Host, overlay: string, { repair }: { repair: boolean }): OverlayCheck {
  const check = (image: Qcow2Image) => image.check();
  const before = withReadOnlyOverlay(host, overlay, check, { withoutBacking: true });
  if (!repair) return before;
  const after = withWritableOverlay(host, overlay, check, { withoutBacking: true });
  const corruptions = before.corruptions.length - after.corruptions.length;
  return { ...after, repaired: { corruptions, leaks: before.leaks - after.leaks } };
}

/**
 * One line of `qemu-img map`: a part of the disk, and the file in the chain that provides it. Offsets and lengths are
 * in bytes.
 */
export interface MapEntry {
  start: number;
  lengthBytes: number;
  /** The index of the file in the chain: 0 is the overlay, 1 its backing file, and so on. */
  depth: number;
  /** Whether a file in the chain provides this part; otherwise it reads as zeroes. */
  isPresent: boolean;
  isZero: boolean;
  hasData: boolean;
  isCompressed: boolean;
  /** The offset of this part in its file, if it is uncompressed data or a preallocated cluster that reads as zeroes. */
  hostOffset?: number;
}

/**
 * A map of the whole disk, in order, with as few parts as possible. Throws a UserError if the chain cannot be opened.
 */
export function overlayMap(host: Host, overlay: string): MapEntry[] {
  return withReadOnlyOverlay(host, overlay, (image) => {
    const entries: MapEntry[] = [];
    for (const entry of entriesOf(image, 0, image.lengthBytes, 0)) {
      const last = entries.at(-1);
      if (last && isContinuation(last, entry)) last.lengthBytes += entry.lengthBytes;
      else entries.push(entry);
    }
    return entries;
  });
}

function* entriesOf(device: BlockDevice | undefined, from: number, to: number, depth: number): Generator<MapEntry> {
  const flags = { isPresent: true, isZero: false, hasData: false, isCompressed: false };
  if (!device) {
    if (from < to) yield emptyEntry(from, to, depth);
  } else if (!(device instanceof Qcow2Image)) {
    yield { ...flags, start: from, lengthBytes: to - from, depth, hasData: true, hostOffset: from };
  } else {
    for (const { offset: start, lengthBytes, ...extent } of device.extents({ offset: from, lengthBytes: to - from })) {
      const range = { start, lengthBytes, depth };
      const where = extent.hostOffset === undefined ? {} : { hostOffset: extent.hostOffset };
      if (extent.kind === 'zero') yield { ...flags, ...range, isZero: true, ...where };
      else if (extent.kind === 'compressed') yield { ...flags, ...range, hasData: true, isCompressed: true };
      else if (extent.kind === 'data') yield { ...flags, ...range, hasData: true, ...where };
      else yield* backingEntries(device, start, start + lengthBytes, depth);
    }
  }
}

/**
 * The entries for a part that the image has not allocated. Its data comes from the backing file, up to the end of that
 * file.
 */
function* backingEntries(image: Qcow2Image, from: number, to: number, depth: number): Generator<MapEntry> {
  const { backing } = image;
  const reach = Math.min(to, Math.max(from, backing?.lengthBytes ?? 0));
  if (from < reach) yield* entriesOf(backing, from, reach, depth + 1);
  if (reach < to) yield emptyEntry(reach, to, depth);
}

function emptyEntry(from: number, to: number, depth: number): MapEntry {
  return {
    start: from,
    lengthBytes: to - from,
    depth,
    isPresent: false,
    isZero: true,
    hasData: false,
    isCompressed: false,
  };
}

function isContinuation(last: MapEntry, next: MapEntry): boolean {
  const isSameKind =
    last.depth === next.depth &&
    last.isPresent === next.isPresent &&
    last.isZero === next.isZero &&
    last.isCompressed === next.isCompressed;
  if (!isSameKind) return false;
  return last.hostOffset === undefined
    ? next.hostOffset === undefined
    : next.hostOffset === last.hostOffset + last.lengthBytes;
}
