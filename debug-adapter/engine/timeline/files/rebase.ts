import { equalBytes } from '../../base/equalBytes.ts';
import { withAllowedPaths, type Host, type HostFile } from '../../base/host.ts';
import type { BlockDevice } from '../../block/blockDevice.ts';
import type { ByteRange } from '../../block/byteRange.ts';
import { changeBackingFile } from '../../block/qcow2/backingName.ts';
import type { Qcow2Image } from '../../block/qcow2/image.ts';
import { rebaseOntoItself } from '../../../messages/overlays.ts';
import { activityText, diskInUse, inUse } from '../filesInUse.ts';
import { type DiskLocation, filesOfDisk, openDisk } from '../openDisk.ts';
import { type Confirmation, confirmationError } from './overlayChanges.ts';
import { withWritableOverlay, withLocks } from './overlayFile.ts';

/**
 * Changes the base of an overlay without changing the contents of its disk: where the base images differ, the old
 * base's data is first copied to the overlay. The contents of snapshots cannot be preserved in this way, so snapshots
 * are deleted if the new base has different contents. With `nameOnly`, which is meant for a base that was moved,
 * nothing is compared and only the name changes. Throws a UserError if snapshots would be deleted and the operation is
 * not confirmed.
 */
export function rebaseOverlay(
  anyHost: Host,
  overlay: string,
  base: DiskLocation,
  { confirmed, nameOnly }: Confirmation & { nameOnly: boolean },
): void {
  const host = withAllowedPaths(anyHost, [base.path]);
  refuseItself(host, overlay, base);
  if (!nameOnly) copyDifferences(host, overlay, base, confirmed);
  withLocks(host, inUse('writes', [overlay]), activityText('rebasing', overlay), () => {
    const file = host.files.open(overlay, { write: true, create: 'never' });
    try {
      changeBackingName(host, file, { overlay, base });
    } finally {
      file.close();
    }
  });
}

/** Changes only the backing file name. The new name is relative to `overlay`, the overlay's current or future path. */
export function changeBackingName(
  host: Host,
  file: HostFile,
  { overlay, base }: { overlay: string; base: DiskLocation },
): void {
  const name = host.files.relativeName({ from: overlay, to: base.path });
  changeBackingFile(file, { name, format: base.format });
}

function refuseItself(host: Host, overlay: string, base: DiskLocation): void {
  const own = host.files.identity(overlay);
  if (filesOfDisk(host, base).some((path) => host.files.identity(path) === own))
    throw rebaseOntoItself(overlay, base.path);
}

function copyDifferences(host: Host, overlay: string, base: DiskLocation, confirmed: boolean): void {
  const newBase = openDisk(host, base);
  try {
    const alsoUses = diskInUse(host, base, 'base');
    const rebase = (image: Qcow2Image) => {
      if (image.snapshots.list.length > 0 && differ(image, newBase)) {
        if (!confirmed) throw confirmationError(image, 'rebase');
        image.snapshots.deleteMany(image.snapshots.list);
      }
      preserveContents(image, newBase);
    };
    withWritableOverlay(host, overlay, rebase, { doing: 'rebasing', alsoUses });
  } finally {
    newBase.close();
  }
}

/** Whether the two base images differ within the length of the overlay's disk. */
function differ(image: Qcow2Image, newBase: BlockDevice): boolean {
  return !differences(image, newBase, 0, image.lengthBytes).next().done;
}

function preserveContents(image: Qcow2Image, newBase: BlockDevice): void {
  const unallocated = [...image.extents()].filter(({ kind }) => kind === 'unallocated');
  for (const { offset, lengthBytes } of unallocated) {
    for (const { at, oldBytes } of differences(image, newBase, offset, lengthBytes)) {
      if (oldBytes.every((byte) => byte === 0)) image.writeZeroesOverBacking(at, oldBytes.length);
      else image.write(at, oldBytes);
    }
  }
}

/**
 * The clusters in which the current base and `newBase` differ, with the current base's contents. Each result is valid
 * until the next iteration. Reads only clusters in which at least one of the bases may have nonzero data.
 */
function* differences(image: Qcow2Image, newBase: BlockDevice, offset: number, lengthBytes: number) {
  const step = image.clusterSizeBytes;
  const buffer = { oldBytes: new Uint8Array(COMPARE_BYTES), newBase: new Uint8Array(COMPARE_BYTES) };
  for (const piece of rangesToCompare(image, newBase, { offset, lengthBytes })) {
    const length = piece.lengthBytes;
    const oldBytes = buffer.oldBytes.subarray(0, length);
    const newBytes = buffer.newBase.subarray(0, length);
    readPadded(image.backing, piece.offset, oldBytes);
    readPadded(newBase, piece.offset, newBytes);
    for (let at = 0; at < length; at += step) {
      const end = Math.min(length, at + step);
      if (!equalBytes(oldBytes.subarray(at, end), newBytes.subarray(at, end))) {
        yield { at: piece.offset + at, oldBytes: oldBytes.slice(at, end) };
      }
    }
  }
}

/**
 * The parts of `range` to compare, in order. They are aligned to clusters, except at the ends of `range`, and are at
 * most COMPARE_BYTES long.
 */
function* rangesToCompare(image: Qcow2Image, newBase: BlockDevice, range: ByteRange): Generator<ByteRange> {
  const step = image.clusterSizeBytes;
  const end = range.offset + range.lengthBytes;
  let done = range.offset;
  for (const data of mergeByOffset(dataRangesIn(image.backing, range), dataRangesIn(newBase, range))) {
    const to = Math.min(end, Math.ceil((data.offset + data.lengthBytes) / step) * step);
    done = Math.max(done, Math.floor(data.offset / step) * step);
    for (; done < to; done = Math.min(to, done + COMPARE_BYTES)) {
      yield { offset: done, lengthBytes: Math.min(COMPARE_BYTES, to - done) };
    }
  }
}

/** The ranges that contain data within the given range of the device. The device may be shorter than the range. */
function dataRangesIn(device: BlockDevice | undefined, { offset, lengthBytes }: ByteRange): Iterable<ByteRange> {
  const available = Math.min(lengthBytes, (device?.lengthBytes ?? 0) - offset);
  return available > 0 ? device!.dataRanges(offset, available) : [];
}

/** Merges two lists of ranges by their start offsets. */
function* mergeByOffset(first: Iterable<ByteRange>, second: Iterable<ByteRange>): Generator<ByteRange> {
  const lists = [first[Symbol.iterator](), second[Symbol.iterator]()];
  const heads = lists.map((list) => list.next());
  for (;;) {
    const [a, b] = heads;
    if (a.done && b.done) return;
    const earlier = b.done || (!a.done && a.value.offset <= b.value.offset) ? 0 : 1;
    yield heads[earlier].value as ByteRange;
    heads[earlier] = lists[earlier].next();
  }
}

function readPadded(device: BlockDevice | undefined, offset: number, into: Uint8Array): void {
  const available = Math.max(0, Math.min(into.length, (device?.lengthBytes ?? 0) - offset));
  if (available > 0) device!.read(offset, into.subarray(0, available));
  into.fill(0, available);
}

/** The number of bytes that are compared at a time, a multiple of every cluster size. */
const COMPARE_BYTES = 2 << 20;
