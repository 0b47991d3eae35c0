import { allowing, type Host, type HostFile } from '../../base/host.ts';
import type { BlockDevice } from '../../block/blockDevice.ts';
import type { ByteRange } from '../../block/byteRange.ts';
import { writeBackingName } from '../../block/qcow2/backingName.ts';
import type { Qcow2Image } from '../../block/qcow2/image.ts';
import { rebaseOntoItself } from '../../../messages/overlays.ts';
import { activity, diskInUse, inUse } from '../filesInUse.ts';
import { type DiskPlace, filesOfDisk, openDisk } from '../openDisk.ts';
import { type Confirmation, confirmationToLose } from './overlayChanges.ts';
import { changeOverlay, underLocks } from './overlayFile.ts';

/**
 * Changes the base of an overlay without changing the contents of its disk: where the bases differ, data of the old
 * base is first copied to the overlay. That is impossible for snapshots, so they are deleted if the new base has
 * different contents. With `nameOnly`, nothing is compared and only the name changes: for a base that was moved.
 * Throws a UserError if snapshots would be deleted and the operation is not confirmed.
 */
export function rebaseOverlay(
  anyHost: Host,
  overlay: string,
  base: DiskPlace,
  { confirmed, nameOnly }: Confirmation & { nameOnly: boolean },
): void {
  const host = allowing(anyHost, [base.path]);
  refuseItself(host, overlay, base);
  if (!nameOnly) takeOverDifferences(host, overlay, base, confirmed);
  underLocks(host, inUse('writes', [overlay]), activity('rebasing', overlay), () => {
    const file = host.files.open(overlay, { write: true, create: 'never' });
    try {
      renameBase(host, file, { overlay, base });
    } finally {
      file.close();
    }
  });
}

/** Changes only the backing file name, relative to the overlay's current or future path. */
export function renameBase(host: Host, file: HostFile, { overlay, base }: { overlay: string; base: DiskPlace }): void {
  const name = host.files.relativeName({ from: overlay, to: base.path });
  writeBackingName(file, { name, format: base.format });
}

function refuseItself(host: Host, overlay: string, base: DiskPlace): void {
  const own = host.files.identity(overlay);
  if (filesOfDisk(host, base).some((path) => host.files.identity(path) === own))
    throw rebaseOntoItself(overlay, base.path);
}

function takeOverDifferences(host: Host, overlay: string, base: DiskPlace, confirmed: boolean): void {
  const next = openDisk(host, base);
  try {
    const alsoUses = diskInUse(host, base, 'base');
    const rebase = (image: Qcow2Image) => {
      if (image.snapshots.length > 0 && differ(image, next)) {
        if (!confirmed) throw confirmationToLose(image, 'rebase');
        image.deleteSnapshots(image.snapshots.map(({ name }) => name));
      }
      keepWhatShows(image, next);
    };
    changeOverlay(host, overlay, rebase, { doing: 'rebasing', alsoUses });
  } finally {
    next.close();
  }
}

/** Whether the two bases differ within the overlay's disk. */
function differ(image: Qcow2Image, next: BlockDevice): boolean {
  return !differences(image, next, 0, image.lengthBytes).next().done;
}

function keepWhatShows(image: Qcow2Image, next: BlockDevice): void {
  const untouched = [...image.extents()].filter(({ kind }) => kind === 'unallocated');
  for (const { offset, lengthBytes } of untouched) {
    for (const { at, old } of differences(image, next, offset, lengthBytes)) {
      if (old.every((byte) => byte === 0)) image.writeLastingZeroes(at, old.length);
      else image.write(at, old);
    }
  }
}

/**
 * The clusters in which the current base and `next` differ, with their current contents, valid until the next
 * iteration. Reads only clusters in which one of them may have nonzero data.
 */
function* differences(image: Qcow2Image, next: BlockDevice, offset: number, lengthBytes: number) {
  const step = image.clusterSizeBytes;
  const buffer = { old: new Uint8Array(COMPARE_BYTES), next: new Uint8Array(COMPARE_BYTES) };
  for (const piece of piecesWithData(image, next, { offset, lengthBytes })) {
    const length = piece.lengthBytes;
    const old = buffer.old.subarray(0, length);
    const other = buffer.next.subarray(0, length);
    readAsFarAsItGoes(image.backing, piece.offset, old);
    readAsFarAsItGoes(next, piece.offset, other);
    for (let at = 0; at < length; at += step) {
      const end = Math.min(length, at + step);
      if (!isSame(old.subarray(at, end), other.subarray(at, end))) {
        yield { at: piece.offset + at, old: old.slice(at, end) };
      }
    }
  }
}

/** The ranges to compare, in order, aligned to clusters within the range, and at most COMPARE_BYTES long. */
function* piecesWithData(image: Qcow2Image, next: BlockDevice, range: ByteRange): Generator<ByteRange> {
  const step = image.clusterSizeBytes;
  const end = range.offset + range.lengthBytes;
  let done = range.offset;
  for (const data of inOrder(dataRangesIn(image.backing, range), dataRangesIn(next, range))) {
    const to = Math.min(end, Math.ceil((data.offset + data.lengthBytes) / step) * step);
    done = Math.max(done, Math.floor(data.offset / step) * step);
    for (; done < to; done = Math.min(to, done + COMPARE_BYTES)) {
      yield { offset: done, lengthBytes: Math.min(COMPARE_BYTES, to - done) };
    }
  }
}

/** Limited to the length of the device. */
function dataRangesIn(device: BlockDevice | undefined, { offset, lengthBytes }: ByteRange): Iterable<ByteRange> {
  const available = Math.min(lengthBytes, (device?.lengthBytes ?? 0) - offset);
  return available > 0 ? device!.dataRanges(offset, available) : [];
}

/** Merges two lists of ranges by their start offsets. */
function* inOrder(first: Iterable<ByteRange>, second: Iterable<ByteRange>): Generator<ByteRange> {
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

function readAsFarAsItGoes(device: BlockDevice | undefined, offset: number, into: Uint8Array): void {
  const available = Math.max(0, Math.min(into.length, (device?.lengthBytes ?? 0) - offset));
  if (available > 0) device!.read(offset, into.subarray(0, available));
  into.fill(0, available);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The length per comparison, a multiple of every cluster size. */
const COMPARE_BYTES = 2 << 20;
