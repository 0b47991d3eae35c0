import type { Host } from '../../base/host.ts';
import { readOwnImage } from '../../block/qcow2/ownMark.ts';
import { brokenLink } from '../../../messages/host.ts';
import { replacesForeignFile } from '../../../messages/overlays.ts';
import { MAGIC } from '../../recording/chunk.ts';
import { PACK_MAGIC } from './packFormat.ts';

/** The kinds of files that blkreplay creates; `state` is a state-only image. */
export type OwnFileKind = 'recording' | 'overlay' | 'state' | 'pack';

/**
 * The kind of a file that blkreplay created; blkreplay replaces and deletes only such files. Recordings and packs are
 * recognized by their magic, overlays and state-only images by their header extension (see ownMark.ts); images from
 * earlier builds have no extension and are recognized by the form of their header, but only if they have a snapshot. A
 * user's image that stores its own snapshots does not count as such a file. Null for all other files, including empty
 * ones. Throws a UserError if it is not a readable file.
 */
export function ownFileKind(host: Host, path: string): OwnFileKind | null {
  const file = host.files.open(path, { write: false, create: 'never' });
  try {
    const start = new Uint8Array(8);
    if (file.readAt(0, start) < start.length) return null;
    if (isSame(start, MAGIC)) return 'recording';
    if (isSame(start, PACK_MAGIC)) return 'pack';
    const image = readOwnImage(file);
    if (!image || !(image.hasExtension || image.snapshotCount > 0)) return null;
    return image.lengthBytes === 0 ? 'state' : 'overlay';
  } finally {
    file.close();
  }
}

/**
 * Refuses to replace a file of another kind at `path`. Any empty file may be replaced, even one from another program.
 */
export function refuseOtherKind(host: Host, path: string, kind: OwnFileKind): void {
  refuseBrokenLink(host, path);
  if (!host.files.exists(path) || ownFileKind(host, path) === kind) return;
  const file = host.files.open(path, { write: false, create: 'never' });
  const lengthBytes = file.length();
  file.close();
  if (lengthBytes > 0) throw replacesForeignFile(path, kind);
}

export function refuseBrokenLink(host: Host, path: string): void {
  if (host.files.isBrokenLink(path)) throw brokenLink(path);
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, index) => byte === b[index]);
