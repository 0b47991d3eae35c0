import type { HostFile } from '../../base/host.ts';
import { readU64, viewOf } from './bigEndian.ts';
import type { HeaderExtension } from './headerExtensions.ts';

/**
 * How an image that we created is recognised, whatever became of it: by a header extension of our own. Programs that do
 * not know an extension ignore it (qcow2 spec, "Header extensions"), and qemu-img keeps it when it writes the header.
 * Builds before the mark wrote headers as no other program does, which is what tells theirs.
 */
export const OWN_MARK: HeaderExtension = { type: 0x626c6b72, data: new TextEncoder().encode('blkreplay') };

export interface OwnImage {
  /** Of the disk in it: a state-only image has none. */
  lengthBytes: number;
  /** False for one of a build that wrote no mark, which says less. */
  isMarked: boolean;
  snapshotCount: number;
}

/** Undefined for what is not ours. Damage anywhere else than in these fields does not matter. */
export function readOwnImage(file: HostFile): OwnImage | undefined {
  const bytes = new Uint8Array(LOOKED_AT_BYTES);
  const start = bytes.subarray(0, file.readAt(0, bytes));
  if (start.length < HEADER_BYTES) return undefined;
  const view = viewOf(start);
  if (view.getUint32(0) !== QCOW2_MAGIC || view.getUint32(4) !== 3) return undefined;
  const types = extensionTypes(start, view.getUint32(100));
  const isMarked = types.includes(OWN_MARK.type);
  const isAsBefore =
    view.getUint32(20) === 12 && view.getUint32(100) === HEADER_BYTES && !types.includes(EXTENSION_FEATURE_NAMES);
  if (!isMarked && !isAsBefore) return undefined;
  return { isMarked, lengthBytes: readU64(view, 24), snapshotCount: view.getUint32(60) };
}

function extensionTypes(start: Uint8Array, headerBytes: number): number[] {
  const view = viewOf(start);
  const types: number[] = [];
  for (let at = headerBytes; at + 8 <= start.length;) {
    const type = view.getUint32(at);
    if (type === 0) break;
    const end = at + 8 + view.getUint32(at + 4);
    if (type === OWN_MARK.type && !isSame(start.subarray(at + 8, end), OWN_MARK.data)) break;
    types.push(type);
    at = Math.ceil(end / 8) * 8;
  }
  return types;
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

const QCOW2_MAGIC = 0x514649fb;
const HEADER_BYTES = 104;
/** QEMU's extensions take some 500 bytes. */
const LOOKED_AT_BYTES = 4096;
const EXTENSION_FEATURE_NAMES = 0x6803f857;
