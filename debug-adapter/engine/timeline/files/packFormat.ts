import type { HostCompression, HostFile } from '../../base/host.ts';
import { DRIVES_MAX, type DriveFormat, isDriveFormat, isDriveId } from '../../base/driveRules.ts';
import { viewOf } from '../../block/qcow2/bigEndian.ts';
import { xxh64 } from '../../base/xxhash64.ts';
import { notAPack, packDamaged, packFromFuture, packFromPast, packDamage } from '../../../messages/overlays.ts';

export interface PackHeader {
  blkreplayVersion: string;
  /**
   * The names and lengths of the files, in the order of their data. The names are relative to the folder to which the
   * pack is extracted.
   */
  files: { name: string; lengthBytes: number }[];
  rrfile: string;
  drives: PackedDrive[];
}

export interface PackedDrive {
  id: string;
  format: DriveFormat;
  readOnly: boolean;
  /** The base's name in the folder to which the pack is extracted; null if the base is not in the pack. */
  image: string | null;
  overlay: string | null;
  /** The original name of the base and the digest of its contents, so that the user can find the base again. */
  imageAsRecorded: string;
  contentDigest: string;
  /** For each image in the pack that has a backing file: the image, its backing file and the backing file's format. */
  backings: { file: string; backing: string; format: DriveFormat }[];
}

/**
 * Whether a pack with this header can be extracted. This is always so if the recording is valid, because the rules for
 * a recording's header are at least as strict as those for a pack's header.
 */
export const isPackable = (header: PackHeader): boolean =>
  isHeader(header) && encodeHeader(header).length <= HEADER_BYTES_MAX;

function isHeader(header: PackHeader): boolean {
  try {
    return validateHeader(header) === header;
  } catch {
    return false;
  }
}

const encodeHeader = (header: PackHeader): Uint8Array => new TextEncoder().encode(JSON.stringify(header));

/**
 * Writes a pack: magic (8 bytes), version (u32; all fields are big-endian), the length of a JSON header (u32) and its
 * XXH64 (u64), the header, then the data of each file in blocks of 1 MiB. A block consists of the length of its
 * deflated data (u32; 0 for an all-zero block), the XXH64 of that data (u64), and the data. Each XXH64 is seeded with
 * the previous checksum, so that no block can be mistaken for another.
 */
export class PackWriter {
  private file: HostFile;
  private compression: HostCompression;
  private offset = 0;
  private checksum: bigint;

  constructor(file: HostFile, compression: HostCompression, header: PackHeader) {
    this.file = file;
    this.compression = compression;
    const json = encodeHeader(header);
    this.checksum = xxh64(json);
    const start = new Uint8Array(START_BYTES);
    start.set(PACK_MAGIC);
    const view = viewOf(start);
    view.setUint32(8, PACK_VERSION);
    view.setUint32(12, json.length);
    view.setBigUint64(16, this.checksum);
    this.append(start);
    this.append(json);
  }

  /** Adds the whole file `from`. Files must be added in the order in which the header lists them. */
  addFile(from: HostFile, lengthBytes: number): void {
    const block = new Uint8Array(BLOCK_BYTES);
    for (let at = 0; at < lengthBytes; at += BLOCK_BYTES) {
      const bytes = block.subarray(0, Math.min(BLOCK_BYTES, lengthBytes - at));
      bytes.fill(0, from.readAt(at, bytes));
      this.addBlock(bytes);
    }
  }

  private addBlock(bytes: Uint8Array): void {
    const packed = isZero(bytes) ? new Uint8Array(0) : this.compression.deflate(bytes);
    this.checksum = xxh64(packed, this.checksum);
    const blockHeader = new Uint8Array(BLOCK_HEADER_BYTES);
    viewOf(blockHeader).setUint32(0, packed.length);
    viewOf(blockHeader).setBigUint64(4, this.checksum);
    this.append(blockHeader);
    this.append(packed);
  }

  private append(bytes: Uint8Array): void {
    if (bytes.length > 0) this.file.writeAt(this.offset, bytes);
    this.offset += bytes.length;
  }
}

export class PackReader {
  readonly header: PackHeader;
  private file: HostFile;
  private compression: HostCompression;
  private offset: number;
  private checksum: bigint;

  constructor(file: HostFile, compression: HostCompression) {
    this.file = file;
    this.compression = compression;
    const start = this.bytes(0, START_BYTES);
    if (start.length < START_BYTES || PACK_MAGIC.some((byte, i) => byte !== start[i])) throw notAPack(file.name);
    const version = viewOf(start).getUint32(8);
    if (version > PACK_VERSION) throw packFromFuture({ file: file.name, version, newestKnown: PACK_VERSION });
    const length = viewOf(start).getUint32(12);
    if (version > 0 && version < OLDEST_VERSION) {
      throw packFromPast({ file: file.name, version, oldestKnown: OLDEST_VERSION });
    }
    if (version === 0 || length > HEADER_BYTES_MAX) throw this.damagedError(8, packDamage.headerTooLong(length));
    const json = this.bytes(START_BYTES, length);
    this.checksum = viewOf(start).getBigUint64(16);
    if (json.length < length || xxh64(json) !== this.checksum)
      throw this.damagedError(START_BYTES, packDamage.headerChanged());
    this.offset = START_BYTES + length;
    this.header = this.decodeHeader(json);
  }

  /** Reads the data of all files to verify the checksums. */
  checkFiles(): void {
    for (const { lengthBytes } of this.header.files) {
      for (let at = 0; at < lengthBytes; at += BLOCK_BYTES) this.nextBlock(Math.min(BLOCK_BYTES, lengthBytes - at));
    }
  }

  /** Extracts the next file to a new, empty file. */
  nextFile(into: HostFile, lengthBytes: number): void {
    for (let at = 0; at < lengthBytes; at += BLOCK_BYTES) {
      const block = this.nextBlock(Math.min(BLOCK_BYTES, lengthBytes - at));
      if (block) into.writeAt(at, block);
    }
    // All-zero blocks at the end of the file were not written, so set the file's length.
    if (into.length() < lengthBytes) into.truncate(lengthBytes);
  }

  /** The next block's data; undefined for an all-zero block. */
  private nextBlock(lengthBytes: number): Uint8Array | undefined {
    const blockHeader = this.bytes(this.offset, BLOCK_HEADER_BYTES);
    if (blockHeader.length < BLOCK_HEADER_BYTES) throw this.damagedError(this.offset, packDamage.endsInsideFile());
    const packedBytes = viewOf(blockHeader).getUint32(0);
    if (packedBytes > PACKED_BYTES_MAX) throw this.damagedError(this.offset, packDamage.blockTooLong());
    const packed = this.bytes(this.offset + BLOCK_HEADER_BYTES, packedBytes);
    if (packed.length < packedBytes) throw this.damagedError(this.offset, packDamage.endsInsideFile());
    const checksum = xxh64(packed, this.checksum);
    if (checksum !== viewOf(blockHeader).getBigUint64(4))
      throw this.damagedError(this.offset, packDamage.blockChanged());
    const at = this.offset;
    this.checksum = checksum;
    this.offset += BLOCK_HEADER_BYTES + packedBytes;
    if (packedBytes === 0) return undefined;
    try {
      return this.compression.inflate(packed, lengthBytes);
    } catch {
      throw this.damagedError(at, packDamage.blockNotInflated());
    }
  }

  private bytes(offset: number, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes);
    return bytes.subarray(0, this.file.readAt(offset, bytes));
  }

  private decodeHeader(json: Uint8Array): PackHeader {
    try {
      return validateHeader(JSON.parse(new TextDecoder().decode(json)));
    } catch {
      throw this.damagedError(START_BYTES, packDamage.headerInvalid());
    }
  }

  private damagedError(offset: number, damage: string): Error {
    return packDamaged({ file: this.file.name, offset, damage });
  }
}

/** Throws for a header that `pack` never writes, in particular one with names that point outside the folder. */
function validateHeader(json: unknown): PackHeader {
  const header = json as PackHeader;
  const names = new Set<string>();
  const check = (isValid: boolean) => {
    if (!isValid) throw new Error('not a header');
  };
  check(header.files.length <= FILES_MAX && header.drives.length <= DRIVES_MAX);
  for (const { name, lengthBytes } of header.files) {
    check(typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name) && !names.has(name.toLowerCase()));
    check(Number.isSafeInteger(lengthBytes) && lengthBytes >= 0 && lengthBytes <= FILE_BYTES_MAX);
    names.add(name.toLowerCase());
  }
  const isPacked = (name: unknown) => header.files.some((file) => file.name === name);
  check(isPacked(header.rrfile) && typeof header.blkreplayVersion === 'string');
  for (const drive of header.drives) {
    check(typeof drive.id === 'string' && isDriveId(drive.id) && isDriveFormat(drive.format));
    check(drive.image === null || isPacked(drive.image));
    check(drive.overlay === null || isPacked(drive.overlay));
    check(typeof drive.readOnly === 'boolean' && typeof drive.imageAsRecorded === 'string');
    check(typeof drive.contentDigest === 'string' && /^[0-9a-f]{16}$/.test(drive.contentDigest));
    check(drive.backings.length <= FILES_MAX);
    for (const { file, backing, format } of drive.backings) {
      check(isPacked(file) && isPacked(backing) && isDriveFormat(format));
    }
  }
  check(new Set(header.drives.map(({ id }) => id)).size === header.drives.length);
  return header;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

export const PACK_MAGIC = new TextEncoder().encode('BLKRPACK');
const PACK_VERSION = 2;
/** Version 1 is not supported, because its disk digests were computed differently. */
const OLDEST_VERSION = 2;
const START_BYTES = 24;
const BLOCK_HEADER_BYTES = 12;
const BLOCK_BYTES = 1 << 20;
/** A packed block may be slightly longer than its data, because deflate enlarges incompressible data. */
const PACKED_BYTES_MAX = BLOCK_BYTES + (64 << 10);
const HEADER_BYTES_MAX = 16 << 20;
/**
 * Real packs contain far fewer files: a recording, its state-only image, and the overlay and backing chain of each
 * drive.
 */
const FILES_MAX = 1000;
export const FILE_BYTES_MAX = 2 ** 44;
