import type { HostCompression } from '../../base/host.ts';
import type { BlockDevice } from '../blockDevice.ts';
import type { Header } from './header.ts';
import type { ImageFile } from './imageFile.ts';
import type { L2Tables } from './l2Tables.ts';
import type { Layout } from './layout.ts';
import type { Refcounts } from './refcounts.ts';
import type { SnapshotEntry } from './snapshotTable.ts';
import type { StoredTable } from './storedTable.ts';

/**
 * The parts of one open image, shared by the files of this folder: `Qcow2Image` owns them, and the other files each
 * implement one structure. `l1` is the active L1 table; the tables of snapshots are read on demand.
 */
export interface ImageParts {
  readonly file: ImageFile;
  readonly header: Header;
  readonly layout: Layout;
  readonly l2: L2Tables;
  readonly refcounts: Refcounts;
  readonly backing: BlockDevice | undefined;
  /** Whether the backing device is closed with the image. */
  readonly ownsBacking: boolean;
  readonly compression: HostCompression | undefined;
  /** The active L1 table. Replaced when it moves or when a snapshot is applied. */
  l1: StoredTable;
  /** The active L1 table is not yet at the location in the header: the next commit updates the header. */
  l1Moved: boolean;
  /**
   * The active table refers to a cluster more than once: dropping one reference can change the COPIED flag of
   * another.
   */
  sharesWithinActive: boolean;
  snapshots: SnapshotEntry[];
  snapshotTableBytes: number;
}
