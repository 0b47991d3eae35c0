import type { HostCompression, HostFile } from '../../base/host.ts';
import { imageHasBitmaps, imageHasSubclusters, imageMarkedCorrupt } from '../../../messages/block.ts';
import type { BlockDevice } from '../blockDevice.ts';
import { commitAtomically } from './atomicCommit.ts';
import { commit } from './commit.ts';
import { countReferences } from './countReferences.ts';
import * as headers from './header.ts';
import { ImageFile } from './imageFile.ts';
import type { ImageParts } from './imageParts.ts';
import { L2Tables } from './l2Tables.ts';
import { ENTRY_BYTES, makeLayout } from './layout.ts';
import { loadRefcounts } from './loadRefcounts.ts';
import { areFlagsCorrect } from './references.ts';
import { Refcounts } from './refcounts.ts';
import { readSnapshotTable, type SnapshotEntry } from './snapshotTable.ts';
import { StoredTable } from './storedTable.ts';

export interface OpenOptions {
  writable: boolean;
  /** The open backing device, which the caller closes. */
  backing?: BlockDevice;
  /**
   * Alternative to `backing`: a function that opens the backing file named in the header, if there is one. The image
   * closes that device.
   */
  openBacking?: (name: BackingFile) => BlockDevice | undefined;
  compression?: HostCompression;
  tableCacheBytes?: number;
}

export interface BackingFile {
  backingFileName?: string;
  backingFormat?: string;
}

/**
 * Opens an image. If the image is opened for writing, all references to its clusters are counted, regardless of which
 * program last closed the image; this reads each L2 table once. Clusters leaked by a killed process are freed. An image
 * in which two structures use the same cluster is rejected before a write can destroy data. Snapshot entries that are
 * equal to entries in `known` are reused.
 */
export function openParts(hostFile: HostFile, options: OpenOptions, known?: readonly SnapshotEntry[]): ImageParts {
  const file = new ImageFile(hostFile);
  const header = headers.readHeader(file);
  const layout = makeLayout(header);
  const l1 = readL1(file, header);
  const snapshots = readSnapshotTable(file, header, known);
  const parts: ImageParts = {
    file,
    header,
    layout,
    l2: new L2Tables(file, layout, options.tableCacheBytes),
    refcounts: new Refcounts(file, layout, header.refcountBits, {
      offset: header.refcountTableOffset,
      clusters: header.refcountTableClusters,
    }),
    backing: options.backing ?? options.openBacking?.(header),
    ownsBacking: options.backing === undefined,
    compression: options.compression,
    l1,
    l1Moved: false,
    sharesWithinActive: false,
    snapshots: snapshots.entries,
    snapshotTableBytes: snapshots.lengthBytes,
  };
  try {
    if (options.writable) prepareForWriting(parts);
    return parts;
  } catch (error) {
    if (parts.ownsBacking) parts.backing?.close();
    throw error;
  }
}

/**
 * Rereads the header, the active L1 table and the snapshot table. The tables of existing snapshots must not have moved.
 */
export function reloadParts(parts: ImageParts): void {
  const { file, header } = parts;
  file.updateLength();
  Object.assign(header, headers.readHeader(file));
  parts.l1 = readL1(file, header);
  parts.l2.clear();
  const snapshots = readSnapshotTable(file, header, parts.snapshots);
  parts.snapshots = snapshots.entries;
  parts.snapshotTableBytes = snapshots.lengthBytes;
}

function readL1(file: ImageFile, header: headers.Header): StoredTable {
  const lengthBytes = header.l1Entries * ENTRY_BYTES;
  const bytes = lengthBytes > 0 ? file.readTable(header.l1Offset, lengthBytes, 'the L1 table') : EMPTY;
  return new StoredTable(bytes, header.l1Offset);
}

/** Throws if writing to the image is not safe. */
export function checkWritable({ file, header }: ImageParts): void {
  if (header.incompatibleFeatures & headers.INCOMPATIBLE_CORRUPT) throw imageMarkedCorrupt(file.name);
  if (header.hasBitmaps) throw imageHasBitmaps(file.name);
  if (header.hasSubclusters) throw imageHasSubclusters(file.name);
}

function prepareForWriting(parts: ImageParts): void {
  const { file, header, refcounts } = parts;
  checkWritable(parts);
  const loaded = loadRefcounts(file, header, parts.layout);
  const { references, corruptions, invalidBlocks, sharesWithinActive } = countReferences(parts, loaded.blocks);
  if (corruptions.length > 0) throw file.corruptError(corruptions[0].what, corruptions[0].offset);
  parts.sharesWithinActive = sharesWithinActive;
  refcounts.load(loaded);
  refcounts.onFreed = (hostOffset) => parts.l2.remove(hostOffset);
  for (const { index } of invalidBlocks) refcounts.removeBlock(index);
  const { tooLow } = refcounts.replaceAll(references);
  // Freeing leaked clusters cannot make a refcount contradict a COPIED flag. All other repairs are committed
  // atomically, so that a crash leaves the old state.
  if (tooLow > 0 || invalidBlocks.length > 0 || !areFlagsCorrect(parts, parts.l1)) {
    commitAtomically(parts, { count: () => {}, l1: parts.l1, l1Tables: 1 });
  } else commit(parts, { durable: true });
}

const EMPTY = new Uint8Array(0);
