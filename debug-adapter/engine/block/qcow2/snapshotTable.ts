import { assert } from '../../base/assert.ts';
import { equalBytes } from '../../base/equalBytes.ts';
import { SNAPSHOT_NAME_BYTES_MAX } from '../../base/snapshotNames.ts';
import { snapshotTableFull } from '../../../messages/block.ts';
import { readU64, viewOf, writeU64 } from './bigEndian.ts';
import type { Header } from './header.ts';
import type { ImageFile } from './imageFile.ts';
import * as limits from './layout.ts';
import { imageDamage } from '../../../messages/imageDamage.ts';

export interface SnapshotEntry extends SnapshotFields {
  /** This entry's bytes in the snapshot table. */
  encoded: Uint8Array;
}

export interface SnapshotFields {
  id: string;
  name: string;
  dateSeconds: number;
  dateNanoseconds: number;
  vmClockNanoseconds: number;
  vmStateSizeBytes: number;
  diskSizeBytes: number;
  /** The number of executed instructions; undefined if the snapshot was not taken during record or replay. */
  icount: number | undefined;
  l1Offset: number;
  l1Entries: number;
}

/**
 * Reads the snapshot table (qcow2 specification, "Snapshots"), which has one variable-length entry per snapshot. An
 * entry's extra data contains the 64-bit size of the VM state, the size of the disk, and the record/replay instruction
 * count, in which blkreplay stores the Position. Existing entries are written back unchanged, because other programs
 * may have stored unknown fields, numbers above 2^53, or names that are not valid UTF-8. Entries that are equal to
 * entries in `before` are reused. No two entries have the same id, even if the file contains an id twice.
 */
export function readSnapshotTable(
  file: ImageFile,
  header: Header,
  before: readonly SnapshotEntry[] = [],
): { entries: SnapshotEntry[]; lengthBytes: number } {
  const entries: SnapshotEntry[] = [];
  const pieces = new PieceReader(file);
  let offset = header.snapshotsOffset;
  for (let i = 0; i < header.snapshotCount; i++) {
    const { entry, lengthBytes } = readEntry(pieces, header, offset, before[i]);
    entries.push(entry);
    offset += lengthBytes;
    if (offset - header.snapshotsOffset > limits.SNAPSHOT_TABLE_BYTES_MAX) {
      throw file.corruptError(imageDamage.snapshotTableTooLong(), header.snapshotsOffset);
    }
  }
  return { entries: withUniqueIds(entries), lengthBytes: offset - header.snapshotsOffset };
}

/** The specification requires unique ids. A second entry with the same id gets a different id in memory. */
function withUniqueIds(entries: SnapshotEntry[]): SnapshotEntry[] {
  const taken = new Set<string>();
  return entries.map((entry) => {
    let { id } = entry;
    for (let n = 2; taken.has(id); n++) id = `${entry.id} (${n})`;
    taken.add(id);
    return id === entry.id ? entry : { ...entry, id };
  });
}

/** Encodes the snapshot table. The result is valid only until the next call, because all calls share one buffer. */
export function encodeSnapshotTable(file: ImageFile, entries: readonly SnapshotEntry[]): Uint8Array {
  const lengthBytes = entries.reduce((sum, { encoded }) => sum + encoded.length, 0);
  if (lengthBytes > limits.SNAPSHOT_TABLE_BYTES_MAX) throw snapshotTableFull(file.name);
  if (sharedTable.length < lengthBytes) sharedTable = new Uint8Array(Math.max(lengthBytes, 2 * sharedTable.length));
  const table = sharedTable.subarray(0, lengthBytes);
  let offset = 0;
  for (const { encoded } of entries) {
    table.set(encoded, offset);
    offset += encoded.length;
  }
  return table;
}

let sharedTable = new Uint8Array(0);

export function newSnapshotEntry(fields: SnapshotFields): SnapshotEntry {
  return { ...fields, encoded: encodeEntry(fields) };
}

/** Returns a copy of the entry with a different name. The name is the last field of an entry. */
export function renamedEntry(entry: SnapshotEntry, name: string): SnapshotEntry {
  const view = viewOf(entry.encoded);
  const nameAt = FIXED_BYTES + view.getUint32(EXTRA_LENGTH_OFFSET) + view.getUint16(ID_LENGTH_OFFSET);
  const bytes = new TextEncoder().encode(name);
  const encoded = new Uint8Array(roundUpTo8(nameAt + bytes.length));
  encoded.set(entry.encoded.subarray(0, nameAt));
  encoded.set(bytes, nameAt);
  viewOf(encoded).setUint16(NAME_LENGTH_OFFSET, bytes.length);
  return { ...entry, name, encoded };
}

/** Reads the snapshot table in large pieces, so that reading thousands of entries allocates only a few arrays. */
class PieceReader {
  readonly file: ImageFile;
  private offset = 0;
  private bytes: Uint8Array = new Uint8Array(0);

  constructor(file: ImageFile) {
    this.file = file;
  }

  read(offset: number, lengthBytes: number): Uint8Array {
    if (offset < this.offset || offset + lengthBytes > this.offset + this.bytes.length) {
      this.bytes = lengthBytes > PIECE_BYTES ? new Uint8Array(lengthBytes) : sharedPiece();
      this.file.readTableInto(offset, this.bytes, 'a snapshot entry');
      this.offset = offset;
    }
    return this.bytes.subarray(offset - this.offset, offset - this.offset + lengthBytes);
  }
}

const PIECE_BYTES = 1 << 14;
/** All reads can share one buffer, because each entry keeps a copy of its bytes. */
const sharedPiece = (): Uint8Array => (piece ??= new Uint8Array(PIECE_BYTES));
let piece: Uint8Array | undefined;
const decoder = new TextDecoder();

function readEntry(
  pieces: PieceReader,
  header: Header,
  offset: number,
  before: SnapshotEntry | undefined,
): { entry: SnapshotEntry; lengthBytes: number } {
  const { file } = pieces;
  if (offset + FIXED_BYTES > file.lengthBytes) throw file.corruptError(imageDamage.snapshotEntryPastEnd(), offset);
  const fixed = viewOf(pieces.read(offset, FIXED_BYTES));
  const idBytes = fixed.getUint16(ID_LENGTH_OFFSET);
  const nameBytes = fixed.getUint16(NAME_LENGTH_OFFSET);
  const extraBytes = fixed.getUint32(EXTRA_LENGTH_OFFSET);
  if (extraBytes > limits.SNAPSHOT_EXTRA_BYTES_MAX)
    throw file.corruptError(imageDamage.snapshotExtraData(), offset + EXTRA_LENGTH_OFFSET);
  const lengthBytes = roundUpTo8(FIXED_BYTES + extraBytes + idBytes + nameBytes);
  const bytes = pieces.read(offset, lengthBytes);
  if (before && equalBytes(before.encoded, bytes)) {
    checkL1Location(file, header, before, offset);
    return { entry: before, lengthBytes };
  }
  const view = viewOf(bytes);
  const idAt = FIXED_BYTES + extraBytes;
  const text = (from: number, length: number) => decoder.decode(bytes.subarray(from, from + length));
  const entry: SnapshotEntry = {
    id: text(idAt, idBytes),
    name: text(idAt + idBytes, nameBytes),
    dateSeconds: view.getUint32(16),
    dateNanoseconds: view.getUint32(20),
    vmClockNanoseconds: readU64(view, 24),
    // Old images may have shorter extra data. The 32-bit size of the VM state and the current size of the disk are used
    // instead.
    vmStateSizeBytes: extraBytes >= 8 ? readU64(view, EXTRA_VM_STATE_SIZE) : view.getUint32(32),
    diskSizeBytes: extraBytes >= 16 ? readU64(view, EXTRA_DISK_SIZE) : header.diskLengthBytes,
    icount: extraBytes >= 24 ? readIcount(view) : undefined,
    l1Offset: readU64(view, 0),
    l1Entries: view.getUint32(8),
    encoded: bytes.slice(),
  };
  checkL1Location(file, header, entry, offset);
  return { entry, lengthBytes };
}

function checkL1Location(file: ImageFile, header: Header, entry: SnapshotEntry, offset: number): void {
  if (entry.l1Entries * limits.ENTRY_BYTES > limits.L1_BYTES_MAX) {
    throw file.corruptError(imageDamage.snapshotL1Entries(entry.name, entry.l1Entries), offset + 8);
  }
  if (entry.l1Entries === 0) return;
  const inFile = entry.l1Offset > 0 && entry.l1Offset < file.lengthBytes;
  if (!inFile || entry.l1Offset % 2 ** header.clusterBits !== 0) {
    throw file.corruptError(imageDamage.snapshotL1Offset(entry.name, entry.l1Offset), offset);
  }
}

function encodeEntry(entry: SnapshotFields): Uint8Array {
  const id = new TextEncoder().encode(entry.id);
  const name = new TextEncoder().encode(entry.name);
  assert(name.length <= SNAPSHOT_NAME_BYTES_MAX, 'a snapshot name is too long');
  const idAt = FIXED_BYTES + KNOWN_EXTRA_BYTES;
  const bytes = new Uint8Array(roundUpTo8(idAt + id.length + name.length));
  const view = viewOf(bytes);
  writeU64(view, 0, entry.l1Offset);
  view.setUint32(8, entry.l1Entries);
  view.setUint16(ID_LENGTH_OFFSET, id.length);
  view.setUint16(NAME_LENGTH_OFFSET, name.length);
  // The host's clock may be set to a date before 1970 or after 2106. Such a date is replaced by the nearest date that
  // the field can store.
  view.setUint32(16, clamp(entry.dateSeconds, 0xffff_ffff));
  view.setUint32(20, clamp(entry.dateNanoseconds, 999_999_999));
  writeU64(view, 24, clamp(entry.vmClockNanoseconds, Number.MAX_SAFE_INTEGER));
  // qcow2 specification: 0 in the 32-bit size field means that the extra data contains the size. A size that fits in 32
  // bits is stored in both fields.
  view.setUint32(32, entry.vmStateSizeBytes <= 0xffff_ffff ? entry.vmStateSizeBytes : 0);
  view.setUint32(EXTRA_LENGTH_OFFSET, KNOWN_EXTRA_BYTES);
  writeU64(view, EXTRA_VM_STATE_SIZE, entry.vmStateSizeBytes);
  writeU64(view, EXTRA_DISK_SIZE, entry.diskSizeBytes);
  writeIcount(view, entry.icount);
  bytes.set(id, idAt);
  bytes.set(name, idAt + id.length);
  return bytes;
}

/** QEMU stores all ones if there is no instruction count. */
function readIcount(view: DataView): number | undefined {
  const none = view.getUint32(EXTRA_ICOUNT) === 0xffff_ffff && view.getUint32(EXTRA_ICOUNT + 4) === 0xffff_ffff;
  return none ? undefined : readU64(view, EXTRA_ICOUNT);
}

function writeIcount(view: DataView, icount: number | undefined): void {
  if (icount !== undefined) return writeU64(view, EXTRA_ICOUNT, icount);
  view.setUint32(EXTRA_ICOUNT, 0xffff_ffff);
  view.setUint32(EXTRA_ICOUNT + 4, 0xffff_ffff);
}

const clamp = (value: number, max: number): number => Math.min(Math.max(Math.floor(value), 0), max);

function roundUpTo8(length: number): number {
  return Math.ceil(length / 8) * 8;
}

const FIXED_BYTES = 40;
const ID_LENGTH_OFFSET = 12;
const NAME_LENGTH_OFFSET = 14;
const EXTRA_LENGTH_OFFSET = 36;
const KNOWN_EXTRA_BYTES = 24;
const EXTRA_VM_STATE_SIZE = FIXED_BYTES;
const EXTRA_DISK_SIZE = FIXED_BYTES + 8;
const EXTRA_ICOUNT = FIXED_BYTES + 16;
