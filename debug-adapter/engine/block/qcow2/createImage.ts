import { assert } from '../../base/assert.ts';
import type { HostFile } from '../../base/host.ts';
import { checkDiskFits, encodeNewHeaderCluster } from './header.ts';
import { ImageFile } from './imageFile.ts';
import { clustersFor, ENTRY_BYTES, makeLayout } from './layout.ts';
import { Refcounts } from './refcounts.ts';
import type { TableLocation } from './refcountTable.ts';

export interface CreateOptions {
  lengthBytes: number;
  clusterSizeBytes: number;
  /** The file name to store in the header, relative to the image's folder. */
  backing?: { name: string; format: string };
}

/**
 * Overwrites a file with an empty version 3 image. The header is written last, after a sync: until then, the file is
 * not a qcow2 image; afterward, it is a complete one.
 */
export function createImage(hostFile: HostFile, { lengthBytes, clusterSizeBytes, backing }: CreateOptions): void {
  const clusterBits = Math.log2(clusterSizeBytes);
  assert(Number.isInteger(clusterBits), 'a cluster size is a power of two');
  const file = new ImageFile(hostFile);
  checkDiskFits(file, { lengthBytes, clusterBits });
  const layout = makeLayout({ clusterBits, diskLengthBytes: lengthBytes });
  const fields = {
    clusterBits,
    diskLengthBytes: lengthBytes,
    backingFileName: backing?.name,
    backingFormat: backing?.format,
    incompatibleFeatures: 0,
    autoclearFeatures: 0,
    l1Entries: layout.vmStateFirstL1Index,
    snapshotsOffset: 0,
    snapshotCount: 0,
  };
  // The header is encoded first, so that an overlong backing file name is reported before the file is truncated.
  encodeNewHeaderCluster(file, { ...fields, l1Offset: 0, refcountTableOffset: 0, refcountTableClusters: 0 });

  file.truncate(0);
  const refcounts = new Refcounts(file, layout, 16);
  refcounts.allocateHeader();
  const l1Clusters = clustersFor(layout, fields.l1Entries * ENTRY_BYTES);
  const l1Offset = l1Clusters > 0 ? refcounts.allocateContiguous(l1Clusters) : 0;
  let table: TableLocation = { offset: 0, clusters: 0 };
  refcounts.write({ durable: false, moved: (location) => (table = location) });
  file.truncate(Math.max(file.lengthBytes, refcounts.usedBytes));
  file.barrier({ durable: true });
  const { cluster } = encodeNewHeaderCluster(file, {
    ...fields,
    l1Offset,
    refcountTableOffset: table.offset,
    refcountTableClusters: table.clusters,
  });
  file.write(0, cluster);
  file.barrier({ durable: true });
}
