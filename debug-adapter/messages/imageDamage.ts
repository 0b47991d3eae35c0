import { counted } from './shown.ts';

/** What can be wrong inside a qcow2 image. Each string completes the sentence `a.qcow2 is damaged at byte 20: ...`. */
export const imageDamage = {
  clusterBits: (bits: number) => `the header specifies a cluster size of 2^${bits} bytes`,
  refcountOrder: (order: number) => `the header specifies a refcount width of 2^${order} bits`,
  headerLength: (bytes: number) => `the header specifies a header length of ${counted(bytes, 'byte')}`,
  subclusters: (bits: number) => `the header specifies subclusters in clusters of 2^${bits} bytes`,
  compressionContradiction: () => 'the compression type and its feature bit in the header contradict each other',
  tableUnaligned: (table: string) => `the header specifies an unaligned offset for ${table}`,
  tablePastEnd: (table: string) => `the offset of ${table} in the header is past the end of the file`,
  tableOverHeader: (table: string) => `the header specifies offset 0 for ${table}`,
  diskSize: () => 'the header specifies an invalid disk size',
  l1Entries: (entries: number) => `the header specifies an L1 table with ${entries} entries`,
  l1TooSmall: () => 'the L1 table is too small for the disk',
  refcountTableClusters: (clusters: number) =>
    `the header specifies a refcount table of ${counted(clusters, 'cluster')}`,
  snapshotCount: (count: number) => `the header specifies ${count} snapshots`,
  backingNameOutside: () => 'the name of the backing file extends past the first cluster',
  extensionTooLong: () => 'a header extension extends past the end of the header',
  endsPastEnd: (table: string) => `${table} extends past the end of the file`,
  startsPastEnd: (table: string) => `${table} is past the end of the file`,
  refcountTableTooLong: () => 'the refcount table covers clusters far past the end of the file',
  refcountBlockOffset: (index: number, offset: number | bigint) =>
    `refcount block ${index} has the invalid offset ${offset}`,
  l2TableUnaligned: () => 'an L2 table has an unaligned offset',
  l2EntryOutside: () => 'an L2 entry has an offset that is unaligned or outside the file',
  usedButFree: () => 'a cluster in use has a refcount of 0',
  compressedPastEnd: () => 'a compressed cluster is past the end of the file',
  compressedInvalid: () => 'a compressed cluster cannot be decompressed',
  snapshotTableTooLong: () => 'the snapshot table is too long',
  snapshotEntryPastEnd: () => 'a snapshot entry extends past the end of the file',
  snapshotExtraData: () => 'a snapshot entry has too much extra data',
  snapshotL1Entries: (name: string, entries: number) =>
    `snapshot "${name}" specifies an L1 table with ${entries} entries`,
  snapshotL1Offset: (name: string, offset: number) =>
    `snapshot "${name}" specifies the invalid offset ${offset} for its L1 table`,
  snapshotDiskSize: (name: string) => `snapshot "${name}" specifies an invalid disk size`,
  // --- found by `blkreplay overlay check`
  atByte: (damage: string, offset: number) => `${damage} (at byte ${offset})`,
  overlapsOther: (table: string) => `${table} is in a cluster that is also used for another purpose`,
  l2EntryUnaligned: () => 'an L2 entry has an unaligned offset',
  dataOutside: () => 'a data cluster is outside the file',
  dataInTable: () => 'a cluster that holds a table is also used for data',
  tooManyReferences: (count: number, most: number) =>
    `a cluster has ${count} references, but its refcount can be at most ${most}`,
  refcountTooLow: (cluster: number, refcount: number, references: number) =>
    `cluster ${cluster} has refcount ${refcount}, but ${counted(references, 'reference')}`,
  copiedFlag: (entry: string, isCopied: boolean, refcount: number) =>
    `${entry} has the COPIED flag ${isCopied ? 'set' : 'clear'}, but its refcount is ${refcount}`,
  copiedAndCompressed: (entry: string) => `${entry} has the COPIED flag, but is compressed`,
};

/** The parts of an image that the messages in `imageDamage` mention. */
export const imageParts = {
  refcountTable: () => 'the refcount table',
  snapshotTable: () => 'the snapshot table',
  l1TableOf: (snapshot: string) => `the L1 table of snapshot "${snapshot}"`,
};

/** Features of the qcow2 format that blkreplay does not support. */
export const imageFeatures = {
  compression: (type: number) => `the unknown compression type ${type}`,
  bit: (bit: number) => `an unknown feature (bit ${bit})`,
  externalData: () => 'an external data file',
};
