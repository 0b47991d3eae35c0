import type { HostCompression, PendingSync } from '../../base/host.ts';
import type { BlockDevice } from '../blockDevice.ts';
import type { ChangeableFields, Header } from './header.ts';
import type { ImageFile } from './imageFile.ts';
import type { L2Tables } from './l2Tables.ts';
import type { Layout } from './layout.ts';
import type { Refcounts } from './refcounts.ts';
import type { SnapshotEntry } from './snapshotTable.ts';
import type { StoredTable } from './storedTable.ts';

/**
 * The parts of one open image. `Qcow2Image` owns them. The other files in this folder, each of which implements one
 * structure, share them. `l1` is the active L1 table; the L1 tables of snapshots are read when they are needed.
 */
export interface ImageParts {
  readonly file: ImageFile;
  readonly header: Header;
  readonly layout: Layout;
  readonly l2: L2Tables;
  readonly refcounts: Refcounts;
  readonly backing: BlockDevice | undefined;
  /** Whether closing the image also closes the backing device. */
  readonly ownsBacking: boolean;
  readonly compression: HostCompression | undefined;
  /** The active L1 table. Replaced when it moves or when a snapshot is applied. */
  l1: StoredTable;
  /**
   * Whether the active L1 table is in a new location that is not yet in the header. The next commit updates the
   * header.
   */
  l1Moved: boolean;
  /**
   * Whether the active tables refer to the same cluster more than once. If they do, dropping one reference can change
   * the COPIED flag of another reference.
   */
  sharesWithinActive: boolean;
  snapshots: SnapshotEntry[];
  /** A commit that has not been finished yet. */
  pending?: PendingCommit;
  snapshotTableBytes: number;
}

/**
 * An atomic commit (see atomicCommit.ts) that does not wait for its barriers. The image in memory already has the new
 * state; the file gets it when the header is written. Until then, the new state may only be extended: every other
 * commit first finishes this one.
 */
export interface PendingCommit {
  /** The header that switches the file to the new tables; undefined once it has been written. */
  header: Partial<ChangeableFields> | undefined;
  /** The clusters that only the old state uses. They are freed when the header is on stable storage. */
  dropped: readonly number[];
  /** The barrier before the next step. */
  barrier: PendingSync;
  /** What else must be on stable storage before the header is written. */
  before: PendingSync | undefined;
}
