import type { HostFile } from '../../base/host.ts';
import { readU64, viewOf } from './bigEndian.ts';
import type { HeaderExtension } from './headerExtensions.ts';

/** The header extension that marks images created by blkreplay. */
export const OWN_EXTENSION: HeaderExtension = { type: 0x626c6b72, data: new TextEncoder().encode('blkreplay') };

export interface OwnImage {
  /** The length of the disk; 0 for an image that contains only machine state. */
  lengthBytes: number;
  /** False for an image that was recognized only by the form of its header, which is weaker evidence. */
  hasExtension: boolean;
  snapshotCount: number;
}

/**
 * Recognizes images created by blkreplay, even if other programs have changed them since. Images created by current
 * versions contain blkreplay's own header extension: other programs ignore extensions of unknown types (qcow2
 * specification, "Header extensions"), and qemu-img preserves them when it rewrites the header. Images created by
 * earlier builds have no such extension and are recognized by the form of their headers, which no other program
 * produces. Returns undefined for all other images. Damage outside the returned fields is ignored.
 */
export function readOwnImage(file: HostFile): OwnImage | undefined {
  const bytes = new Uint8Array(READ_BYTES);
  const start = bytes.subarray(0, file.readAt(0, bytes));
  if (start.length < HEADER_BYTES) return undefined;
  const view = viewOf(start);
  if (view.getUint32(0) !== QCOW2_MAGIC || view.getUint32(4) !== 3) return undefined;
  const types = extensionTypes(start, view.getUint32(100));
  const hasExtension = types.includes(OWN_EXTENSION.type);
  const hasOldHeaderForm =
    view.getUint32(20) === 12 && view.getUint32(100) === HEADER_BYTES && !types.includes(EXTENSION_FEATURE_NAMES);
  if (!hasExtension && !hasOldHeaderForm) return undefined;
  return { hasExtension, lengthBytes: readU64(view, 24), snapshotCount: view.getUint32(60) };
}

function extensionTypes(start: Uint8Array, headerBytes: number): number[] {
  const view = viewOf(start);
  const types: number[] = [];
  for (let at = headerBytes; at + 8 <= start.length;) {
    const type = view.getUint32(at);
    if (type === 0) break;
    const end = at + 8 + view.getUint32(at + 4);
    if (type === OWN_EXTENSION.type && !isSame(start.subarray(at + 8, end), OWN_EXTENSION.data)) break;
    types.push(type);
    at = Math.ceil(end / 8) * 8;
  }
  return types;
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

const QCOW2_MAGIC = 0x514649fb;
const HEADER_BYTES = 104;
/** QEMU's extensions occupy about 500 bytes. */
const READ_BYTES = 4096;
const EXTENSION_FEATURE_NAMES = 0x6803f857;
