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
 * One open image, as the files of this folder share it: `Qcow2Image` owns it, the others each know one structure and
 * work on this. `l1` is the active L1 table; the tables of snapshots are read when somebody asks for them.
 */
export interface ImageParts {
  readonly file: ImageFile;
  readonly header: Header;
  readonly layout: Layout;
  readonly l2: L2Tables;
  readonly refcounts: Refcounts;
  readonly backing: BlockDevice | undefined;
  /** The backing device is closed with the image. */
  readonly ownsBacking: boolean;
  readonly compression: HostCompression | undefined;
  /** The active L1 table. Replaced when it moves or when a snapshot is applied. */
  l1: StoredTable;
  /** The active L1 table is not where the header says yet: the next commit switches the header to it. */
  l1Moved: boolean;
  /** The active table refers to a cluster more than once: one reference less changes another's COPIED flag. */
  sharesWithinActive: boolean;
  snapshots: SnapshotEntry[];
  snapshotTableBytes: number;
}
