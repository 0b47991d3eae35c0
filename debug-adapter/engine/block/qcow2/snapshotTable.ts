import { readU64, viewOf, writeU64 } from './bigEndian.ts';
import type { Header } from './header.ts';
import type { ImageFile } from './imageFile.ts';
import * as limits from './layout.ts';

/**
 * The snapshot table (qcow2 spec, "Snapshots"): one entry a snapshot, of varying length. Its extra data holds the
 * large VM state size, the disk size and the record/replay instruction count, which is our Position. Extra data that
 * we do not know is kept.
 */
export interface SnapshotEntry {
  id: string;
  name: string;
  dateSeconds: number;
  dateNanoseconds: number;
  vmClockNanoseconds: number;
  vmStateSizeBytes: number;
  diskSizeBytes: number;
  /** undefined: taken outside record and replay. */
  icount: number | undefined;
  l1Offset: number;
  l1Entries: number;
  unknownExtra: Uint8Array;
}

export function readSnapshotTable(file: ImageFile, header: Header): { entries: SnapshotEntry[]; lengthBytes: number } {
  const entries: SnapshotEntry[] = [];
  let at = header.snapshotsOffset;
  for (let i = 0; i < header.snapshotCount; i++) {
    const { entry, lengthBytes } = readEntry(file, header, at);
    entries.push(entry);
    at += lengthBytes;
    if (at - header.snapshotsOffset > limits.SNAPSHOT_TABLE_BYTES_MAX) {
      throw file.corrupt('the snapshot table is too long', header.snapshotsOffset);
    }
  }
  return { entries, lengthBytes: at - header.snapshotsOffset };
}

export function encodeSnapshotTable(entries: SnapshotEntry[]): Uint8Array {
  const encoded = entries.map(encodeEntry);
  const table = new Uint8Array(encoded.reduce((sum, bytes) => sum + bytes.length, 0));
  let at = 0;
  for (const bytes of encoded) {
    table.set(bytes, at);
    at += bytes.length;
  }
  return table;
}

function readEntry(file: ImageFile, header: Header, at: number): { entry: SnapshotEntry; lengthBytes: number } {
  if (at + FIXED_BYTES > file.lengthBytes) throw file.corrupt('a snapshot entry ends past the end of the file', at);
  const fixed = viewOf(file.readTable(at, FIXED_BYTES, 'a snapshot entry'));
  const idBytes = fixed.getUint16(12);
  const nameBytes = fixed.getUint16(14);
  const extraBytes = fixed.getUint32(36);
  if (extraBytes > limits.SNAPSHOT_EXTRA_BYTES_MAX)
    throw file.corrupt('a snapshot entry has too much extra data', at + 36);
  const lengthBytes = roundUpTo8(FIXED_BYTES + extraBytes + idBytes + nameBytes);
  const bytes = file.readTable(at, lengthBytes, 'a snapshot entry');
  const view = viewOf(bytes);
  const idAt = FIXED_BYTES + extraBytes;
  const text = (from: number, length: number) => new TextDecoder().decode(bytes.subarray(from, from + length));
  const entry: SnapshotEntry = {
    id: text(idAt, idBytes),
    name: text(idAt + idBytes, nameBytes),
    dateSeconds: view.getUint32(16),
    dateNanoseconds: view.getUint32(20),
    vmClockNanoseconds: readU64(view, 24),
    // The extra data may be shorter in old images: the 32-bit size and the disk's own length stand in.
    vmStateSizeBytes: extraBytes >= 8 ? readU64(view, EXTRA_VM_STATE_SIZE) : view.getUint32(32),
    diskSizeBytes: extraBytes >= 16 ? readU64(view, EXTRA_DISK_SIZE) : header.diskLengthBytes,
    icount: extraBytes >= 24 ? readIcount(view) : undefined,
    l1Offset: readU64(view, 0),
    l1Entries: view.getUint32(8),
    unknownExtra: bytes.slice(FIXED_BYTES + KNOWN_EXTRA_BYTES, Math.max(FIXED_BYTES + KNOWN_EXTRA_BYTES, idAt)),
  };
  checkL1Place(file, header, entry, at);
  return { entry, lengthBytes };
}

function checkL1Place(file: ImageFile, header: Header, entry: SnapshotEntry, at: number): void {
  if (entry.l1Entries * limits.ENTRY_BYTES > limits.L1_BYTES_MAX) {
    throw file.corrupt(`snapshot "${entry.name}" gives an L1 table of ${entry.l1Entries} entries`, at + 8);
  }
  if (entry.l1Entries === 0) return;
  const inFile = entry.l1Offset > 0 && entry.l1Offset < file.lengthBytes;
  if (!inFile || entry.l1Offset % 2 ** header.clusterBits !== 0) {
    throw file.corrupt(`snapshot "${entry.name}" has its L1 table at the impossible offset ${entry.l1Offset}`, at);
  }
}

function encodeEntry(entry: SnapshotEntry): Uint8Array {
  const id = new TextEncoder().encode(entry.id);
  const name = new TextEncoder().encode(entry.name);
  const extraBytes = KNOWN_EXTRA_BYTES + entry.unknownExtra.length;
  const bytes = new Uint8Array(roundUpTo8(FIXED_BYTES + extraBytes + id.length + name.length));
  const view = viewOf(bytes);
  writeU64(view, 0, entry.l1Offset);
  view.setUint32(8, entry.l1Entries);
  view.setUint16(12, id.length);
  view.setUint16(14, name.length);
  view.setUint32(16, entry.dateSeconds);
  view.setUint32(20, entry.dateNanoseconds);
  writeU64(view, 24, entry.vmClockNanoseconds);
  // qcow2 spec: 0 in the old field means "see the extra data"; a small size is given in both.
  view.setUint32(32, entry.vmStateSizeBytes <= 0xffff_ffff ? entry.vmStateSizeBytes : 0);
  view.setUint32(36, extraBytes);
  writeU64(view, EXTRA_VM_STATE_SIZE, entry.vmStateSizeBytes);
  writeU64(view, EXTRA_DISK_SIZE, entry.diskSizeBytes);
  writeIcount(view, entry.icount);
  bytes.set(entry.unknownExtra, FIXED_BYTES + KNOWN_EXTRA_BYTES);
  bytes.set(id, FIXED_BYTES + extraBytes);
  bytes.set(name, FIXED_BYTES + extraBytes + id.length);
  return bytes;
}

/** QEMU writes all ones where there is no count. */
function readIcount(view: DataView): number | undefined {
  const none = view.getUint32(EXTRA_ICOUNT) === 0xffff_ffff && view.getUint32(EXTRA_ICOUNT + 4) === 0xffff_ffff;
  return none ? undefined : readU64(view, EXTRA_ICOUNT);
}

function writeIcount(view: DataView, icount: number | undefined): void {
  if (icount !== undefined) return writeU64(view, EXTRA_ICOUNT, icount);
  view.setUint32(EXTRA_ICOUNT, 0xffff_ffff);
  view.setUint32(EXTRA_ICOUNT + 4, 0xffff_ffff);
}

function roundUpTo8(length: number): number {
  return Math.ceil(length / 8) * 8;
}

const FIXED_BYTES = 40;
const KNOWN_EXTRA_BYTES = 24;
const EXTRA_VM_STATE_SIZE = FIXED_BYTES;
const EXTRA_DISK_SIZE = FIXED_BYTES + 8;
const EXTRA_ICOUNT = FIXED_BYTES + 16;
