import { assert } from '../../base/assert.ts';
import {
  backingNameTooLong,
  imageBlank,
  imageFeatureUnsupported,
  imageTooLarge,
  notQcow2,
  imageLimits,
} from '../../../messages/block.ts';
import { readU64, viewOf, writeU64 } from './bigEndian.ts';
import { encodeExtensions, parseExtensions } from './headerExtensions.ts';
import type { ImageFile } from './imageFile.ts';
import * as limits from './layout.ts';
import { OWN_EXTENSION } from './ownMark.ts';
import { imageDamage, imageFeatures, imageParts } from '../../../messages/imageDamage.ts';

export interface Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly diskLengthBytes: number;
  readonly refcountBits: number;
  readonly backingFileName: string | undefined;
  readonly backingFormat: string | undefined;
  readonly hasBitmaps: boolean;
  readonly hasSubclusters: boolean;
  /** The format of compressed clusters. */
  readonly compression: 'deflate' | 'zstd';
  incompatibleFeatures: number;
  autoclearFeatures: number;
  l1Offset: number;
  l1Entries: number;
  refcountTableOffset: number;
  refcountTableClusters: number;
  snapshotsOffset: number;
  snapshotCount: number;
  /** The bytes of the fixed fields. Fields unknown to this implementation are preserved when the header is written. */
  readonly bytes: Uint8Array;
}

export const INCOMPATIBLE_DIRTY = 1;
export const INCOMPATIBLE_CORRUPT = 2;
const INCOMPATIBLE_COMPRESSION = 8;
const INCOMPATIBLE_EXTENDED_L2 = 16;
/** The bit numbers of the four features above. */
const SUPPORTED_FEATURE_BITS = new Set([0, 1, 3, 4]);
const COMPRESSION_TYPE_OFFSET = 104;
const V2_DEFAULTS = { hasSubclusters: false, compression: 'deflate' } as const;

/**
 * Reads the qcow2 header (specification, "Header"): the fixed fields at the start of cluster 0, then the extensions,
 * then the name of the backing file, all within that cluster. Each field is checked here against the limits of the
 * format and the file's length, so that no other code needs to check the field. The fields that change while an image
 * is open (the locations of the L1, refcount and snapshot tables, and the feature bits) are all in the first sector.
 * `writeHeader` therefore updates them with a single write, which commits a new snapshot or a moved table.
 */
export function readHeader(file: ImageFile): Header {
  const start = new Uint8Array(V3_HEADER_BYTES + 8);
  file.read(0, start);
  const view = viewOf(start);
  if (view.getUint32(0) !== MAGIC) {
    // The file starts with zeroes if `createImage` was interrupted, because it writes the header last.
    if (start.every((byte) => byte === 0)) throw imageBlank(file.name, { isEmpty: file.lengthBytes === 0 });
    throw notQcow2(file.name);
  }
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) throw imageFeatureUnsupported(file.name, `qcow2 version ${version}`);
  const clusterBits = view.getUint32(20);
  if (clusterBits < limits.CLUSTER_BITS_MIN || clusterBits > limits.CLUSTER_BITS_MAX) {
    throw file.corruptError(imageDamage.clusterBits(clusterBits), 20);
  }
  const cluster = file.readTable(0, 2 ** clusterBits, 'the header');
  const { headerBytes, ...featureFields } = checkFeatures(file, view, version);
  const names = readNames(file, cluster, headerBytes);
  const bytes = cluster.slice(0, headerBytes);
  const header: Header = { version, clusterBits, ...featureFields, ...names, ...readTableLocations(view), bytes };
  checkTables(file, header);
  return header;
}

/** Writes all changeable fields, which are in the first sector, with a single write. */
export function writeHeader(file: ImageFile, header: Header): void {
  encodeHeader(header);
  file.write(0, header.bytes.subarray(0, Math.min(header.bytes.length, limits.SECTOR_BYTES)));
}

/** Writes the header with the given changes. If the write fails, `header` keeps its old values. */
export function changeHeader(file: ImageFile, header: Header, fields: Partial<ChangeableFields>): void {
  const before = { ...header };
  Object.assign(header, fields);
  try {
    writeHeader(file, header);
  } catch (error) {
    Object.assign(header, before);
    throw error;
  }
}

export type ChangeableFields = Pick<
  Header,
  | 'incompatibleFeatures'
  | 'autoclearFeatures'
  | 'l1Offset'
  | 'l1Entries'
  | 'refcountTableOffset'
  | 'refcountTableClusters'
  | 'snapshotsOffset'
  | 'snapshotCount'
>;

/** The complete contents of the first cluster of a new version 3 image. */
export function encodeNewHeaderCluster(
  file: ImageFile,
  fields: Omit<Header, 'version' | 'refcountBits' | 'bytes' | 'hasBitmaps' | 'hasSubclusters' | 'compression'>,
): { header: Header; cluster: Uint8Array } {
  const header: Header = {
    ...fields,
    version: 3,
    refcountBits: 16,
    hasBitmaps: false,
    hasSubclusters: false,
    compression: 'deflate',
    bytes: new Uint8Array(V3_HEADER_BYTES),
  };
  const cluster = new Uint8Array(2 ** fields.clusterBits);
  const view = viewOf(header.bytes);
  view.setUint32(0, MAGIC);
  view.setUint32(4, header.version);
  view.setUint32(20, header.clusterBits);
  writeU64(view, 24, header.diskLengthBytes);
  view.setUint32(96, REFCOUNT_ORDER_16_BITS);
  view.setUint32(100, V3_HEADER_BYTES);
  encodeNames(file, header, cluster);
  encodeHeader(header);
  cluster.set(header.bytes);
  return { header, cluster };
}

function encodeHeader(header: Header): void {
  const view = viewOf(header.bytes);
  view.setUint32(36, header.l1Entries);
  writeU64(view, 40, header.l1Offset);
  writeU64(view, 48, header.refcountTableOffset);
  view.setUint32(56, header.refcountTableClusters);
  view.setUint32(60, header.snapshotCount);
  writeU64(view, 64, header.snapshotsOffset);
  if (header.version < 3) return;
  writeU64(view, 72, header.incompatibleFeatures);
  writeU64(view, 88, header.autoclearFeatures);
}

/** The offset field of an empty table has no meaning, so it is not checked. */
function readTableLocations(view: DataView) {
  const l1Entries = view.getUint32(36);
  const snapshotCount = view.getUint32(60);
  return {
    diskLengthBytes: readU64(view, 24),
    l1Entries,
    l1Offset: l1Entries === 0 ? 0 : readU64(view, 40),
    refcountTableOffset: readU64(view, 48),
    refcountTableClusters: view.getUint32(56),
    snapshotCount,
    snapshotsOffset: snapshotCount === 0 ? 0 : readU64(view, 64),
  };
}

function checkFeatures(file: ImageFile, view: DataView, version: number) {
  if (view.getUint32(32) !== 0) throw imageFeatureUnsupported(file.name, 'encryption');
  // qcow2 specification, "Header": a version 2 header is 72 bytes long. Its refcounts are 16 bits wide, and it has no
  // feature bits.
  if (version < 3) {
    return {
      headerBytes: V2_HEADER_BYTES,
      refcountBits: 16,
      incompatibleFeatures: 0,
      autoclearFeatures: 0,
      ...V2_DEFAULTS,
    };
  }
  const unknownHigh = view.getUint32(72);
  const incompatibleFeatures = view.getUint32(76);
  for (let bit = 0; bit < 32; bit++) {
    if (!SUPPORTED_FEATURE_BITS.has(bit) && (incompatibleFeatures >>> bit) & 1)
      throw imageFeatureUnsupported(file.name, featureName(bit));
    if ((unknownHigh >>> bit) & 1) throw imageFeatureUnsupported(file.name, featureName(32 + bit));
  }
  const refcountOrder = view.getUint32(96);
  if (refcountOrder > REFCOUNT_ORDER_MAX) {
    throw file.corruptError(imageDamage.refcountOrder(refcountOrder), 96);
  }
  const headerBytes = view.getUint32(100);
  if (headerBytes < V3_HEADER_BYTES || headerBytes > 2 ** view.getUint32(20) || headerBytes % 8 !== 0) {
    throw file.corruptError(imageDamage.headerLength(headerBytes), 100);
  }
  return {
    headerBytes,
    refcountBits: 2 ** refcountOrder,
    incompatibleFeatures,
    autoclearFeatures: readU64(view, 88),
    hasSubclusters: hasSubclusters(file, view, incompatibleFeatures),
    compression: compressionOf(file, view, headerBytes),
  };
}

function hasSubclusters(file: ImageFile, view: DataView, incompatibleFeatures: number): boolean {
  if (!(incompatibleFeatures & INCOMPATIBLE_EXTENDED_L2)) return false;
  const clusterBits = view.getUint32(20);
  // Each of the 32 subclusters must be at least as large as a sector.
  if (2 ** clusterBits < limits.SUBCLUSTERS * limits.SECTOR_BYTES) {
    throw file.corruptError(imageDamage.subclusters(clusterBits), 20);
  }
  return true;
}

/**
 * qcow2 specification, "Header": byte 104 is the compression type. Incompatible feature bit 3 must be set if and only
 * if the type is not deflate.
 */
function compressionOf(file: ImageFile, view: DataView, headerBytes: number): 'deflate' | 'zstd' {
  const type = headerBytes > V3_HEADER_BYTES ? view.getUint8(COMPRESSION_TYPE_OFFSET) : 0;
  const isOther = (view.getUint32(76) & INCOMPATIBLE_COMPRESSION) !== 0;
  if (isOther !== (type !== 0)) throw file.corruptError(imageDamage.compressionContradiction(), 104);
  if (type > 1) throw imageFeatureUnsupported(file.name, imageFeatures.compression(type));
  return type === 1 ? 'zstd' : 'deflate';
}

function featureName(bit: number): string {
  return FEATURE_NAMES[bit] ?? imageFeatures.bit(bit);
}

const FEATURE_NAMES: Record<number, string> = {
  2: imageFeatures.externalData(),
};

function checkTables(file: ImageFile, header: Header): void {
  const clusterSize = 2 ** header.clusterBits;
  const inFile = (what: string, at: number, offset: number, lengthBytes: number) => {
    if (offset % clusterSize !== 0) throw file.corruptError(imageDamage.tableUnaligned(what), at);
    if (offset >= file.lengthBytes) throw file.corruptError(imageDamage.tablePastEnd(what), at);
    if (offset === 0 && lengthBytes > 0) throw file.corruptError(imageDamage.tableOverHeader(what), at);
  };
  if (header.diskLengthBytes > limits.DISK_BYTES_MAX) {
    throw file.corruptError(imageDamage.diskSize(), 24);
  }
  if (header.l1Entries * limits.ENTRY_BYTES > limits.L1_BYTES_MAX) {
    throw file.corruptError(imageDamage.l1Entries(header.l1Entries), 36);
  }
  const { bytesPerL2 } = limits.makeLayout(header);
  if (header.l1Entries < Math.ceil(header.diskLengthBytes / bytesPerL2)) {
    throw file.corruptError(imageDamage.l1TooSmall(), 36);
  }
  if (header.l1Entries > 0) inFile('the L1 table', 40, header.l1Offset, header.l1Entries * limits.ENTRY_BYTES);
  const refcountTableBytes = header.refcountTableClusters * clusterSize;
  if (refcountTableBytes === 0 || refcountTableBytes > limits.REFCOUNT_TABLE_BYTES_MAX) {
    throw file.corruptError(imageDamage.refcountTableClusters(header.refcountTableClusters), 56);
  }
  inFile(imageParts.refcountTable(), 48, header.refcountTableOffset, refcountTableBytes);
  if (header.snapshotCount > limits.SNAPSHOTS_MAX) {
    throw file.corruptError(imageDamage.snapshotCount(header.snapshotCount), 60);
  }
  if (header.snapshotCount > 0) inFile(imageParts.snapshotTable(), 64, header.snapshotsOffset, 1);
}

function readNames(file: ImageFile, cluster: Uint8Array<ArrayBuffer>, headerBytes: number) {
  const view = viewOf(cluster);
  const nameOffset = readU64(view, 8);
  const nameBytes = view.getUint32(16);
  let backingFileName: string | undefined;
  if (nameBytes > limits.BACKING_NAME_BYTES_MAX || nameOffset + nameBytes > cluster.length) {
    throw file.corruptError(imageDamage.backingNameOutside(), 8);
  }
  if (nameOffset !== 0 && nameBytes > 0) {
    backingFileName = new TextDecoder().decode(cluster.subarray(nameOffset, nameOffset + nameBytes));
  }
  const end = nameOffset === 0 ? cluster.length : nameOffset;
  const extensions = parseExtensions(file, cluster, { start: headerBytes, end });
  const format = extensions.find(({ type }) => type === EXTENSION_BACKING_FORMAT);
  return {
    backingFileName,
    backingFormat: format && new TextDecoder().decode(format.data),
    hasBitmaps: extensions.some(({ type }) => type === EXTENSION_BITMAPS),
  };
}

function encodeNames(file: ImageFile, header: Header, cluster: Uint8Array): void {
  const text = new TextEncoder();
  const extensions = [OWN_EXTENSION];
  const { backingFileName, backingFormat } = header;
  if (backingFileName !== undefined && backingFormat) {
    extensions.unshift({ type: EXTENSION_BACKING_FORMAT, data: text.encode(backingFormat) });
  }
  const encoded = encodeExtensions(extensions);
  cluster.set(encoded, V3_HEADER_BYTES);
  if (backingFileName === undefined) return;
  const name = text.encode(backingFileName);
  const at = V3_HEADER_BYTES + encoded.length;
  if (name.length > limits.BACKING_NAME_BYTES_MAX || at + name.length > cluster.length) {
    throw backingNameTooLong(file.name, backingFileName);
  }
  cluster.set(name, at);
  writeU64(viewOf(header.bytes), 8, at);
  viewOf(header.bytes).setUint32(16, name.length);
}

/** Throws a UserError if a disk's length exceeds the limits of the format. Called before anything is written. */
export function checkDiskFits(
  file: ImageFile,
  { lengthBytes, clusterBits }: { lengthBytes: number; clusterBits: number },
) {
  assert(lengthBytes >= 0 && lengthBytes % limits.SECTOR_BYTES === 0, 'a disk is a whole number of sectors');
  const bytesPerL2 = 2 ** (2 * clusterBits - 3);
  const l1Bytes = Math.ceil(lengthBytes / bytesPerL2) * limits.ENTRY_BYTES;
  if (lengthBytes > limits.DISK_BYTES_MAX || l1Bytes > limits.L1_BYTES_MAX) {
    throw imageTooLarge(file.name, imageLimits.diskInClusters(lengthBytes, 2 ** clusterBits));
  }
}

const MAGIC = 0x514649fb;
const V2_HEADER_BYTES = 72;
const V3_HEADER_BYTES = 104;
const REFCOUNT_ORDER_16_BITS = 4;
const REFCOUNT_ORDER_MAX = 6;
export const EXTENSION_BACKING_FORMAT = 0xe2792aca;
const EXTENSION_BITMAPS = 0x23852875;
