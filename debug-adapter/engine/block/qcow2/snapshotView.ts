import { assert } from '../../base/assert.ts';
import type { BlockDevice } from '../blockDevice.ts';
import type { ByteRange } from '../byteRange.ts';
import { allocatedRanges, dataRanges, nonZeroRanges } from './allocatedRanges.ts';
import type { EntryTable } from './entryTable.ts';
import type { ImageParts } from './imageParts.ts';
import { DISK_BYTES_MAX, makeLayout } from './layout.ts';
import { readGuest } from './readData.ts';
import { findSnapshot, readSnapshotL1, type SnapshotKey } from './snapshots.ts';
import type { SnapshotEntry } from './snapshotTable.ts';
import { imageDamage } from '../../../messages/imageDamage.ts';

export interface SnapshotView {
  readonly disk: BlockDevice;
  readVmState(offset: number, into: Uint8Array): void;
  /** The parts of the first `lengthBytes` bytes of VM state that may contain nonzero bytes, in order. Reads no data. */
  vmStateRanges(lengthBytes: number): ByteRange[];
  /** The allocated parts of the snapshot's disk. */
  allocatedRanges(): ByteRange[];
}

/**
 * Opens a read-only view of a snapshot without making the snapshot active. A replay reads the snapshot's disk and RAM
 * through this view, while the active state of the overlay stays at the end of the recording. Opening the view reads
 * the snapshot's L1 table; the L2 tables are read when they are needed.
 */
export function openSnapshotView(parts: ImageParts, key: SnapshotKey): SnapshotView {
  const entry = findSnapshot(parts, key);
  if (entry.diskSizeBytes > DISK_BYTES_MAX) throw parts.file.corruptError(imageDamage.snapshotDiskSize(entry.name), 0);
  const view: ImageParts = {
    ...parts,
    layout: makeLayout({ ...parts.header, diskLengthBytes: entry.diskSizeBytes }),
  };
  const l1 = readSnapshotL1(parts, entry);
  const assertExists = () =>
    assert(
      parts.snapshots.some(({ id }) => id === entry.id),
      `snapshot "${entry.name}" was deleted`,
    );
  return {
    disk: new SnapshotDisk({ parts: view, l1, entry, assertExists }),
    readVmState: (offset, into) => {
      assertExists();
      readGuest(view, l1, view.layout.vmStateOffset + offset, into);
    },
    vmStateRanges: (lengthBytes) => {
      assertExists();
      return dataRanges(view, l1, { offset: view.layout.vmStateOffset, lengthBytes });
    },
    allocatedRanges: () => allocatedRanges(view, l1, entry.diskSizeBytes),
  };
}

class SnapshotDisk implements BlockDevice {
  readonly name: string;
  readonly lengthBytes: number;
  readonly readOnly = true;
  private readonly parts: ImageParts;
  private readonly l1: EntryTable;
  private readonly live: () => void;

  constructor({
    parts,
    l1,
    entry,
    assertExists,
  }: {
    parts: ImageParts;
    l1: EntryTable;
    entry: SnapshotEntry;
    assertExists: () => void;
  }) {
    this.name = `${parts.file.name} (snapshot "${entry.name}")`;
    this.lengthBytes = entry.diskSizeBytes;
    this.parts = parts;
    this.l1 = l1;
    this.live = assertExists;
  }

  read(offset: number, into: Uint8Array): void {
    this.live();
    assert(offset >= 0 && offset + into.length <= this.lengthBytes, `${this.name}: range outside the disk`);
    readGuest(this.parts, this.l1, offset, into);
  }

  dataRanges(offset: number, lengthBytes: number): Generator<ByteRange> {
    this.live();
    assert(offset >= 0 && offset + lengthBytes <= this.lengthBytes, `${this.name}: range outside the disk`);
    return nonZeroRanges(this.parts, this.l1, { offset, lengthBytes });
  }

  write(): void {
    assert(false, `${this.name} is read-only`);
  }

  writeZeroes(): void {
    assert(false, `${this.name} is read-only`);
  }

  flush(): void {}

  close(): void {}
}
