import type { Host } from '../../base/host.ts';
import { readOwnImage } from '../../block/qcow2/ownMark.ts';
import { brokenLink } from '../../errors/host.ts';
import { replacesForeignFile } from '../../errors/overlays.ts';
import { MAGIC } from '../../recording/chunk.ts';
import { PACK_MAGIC } from './packFormat.ts';

/**
 * Which of our files is at a path: what users may have us replace or delete is only what we made. A recording and a pack
 * have their magic, an overlay and a state-only image the mark in their header (see ownMark.ts); those of builds before
 * the mark also need a snapshot. An image of the user's that took snapshots of a recording itself is not ours.
 */
export type OwnFileKind = 'recording' | 'overlay' | 'state' | 'pack';

/** Null for anything else, an empty file included. Throws a UserError for what is no readable file. */
export function ownFile(host: Host, path: string): OwnFileKind | null {
  const file = host.files.open(path, { write: false, create: 'never' });
  try {
    const start = new Uint8Array(8);
    if (file.readAt(0, start) < start.length) return null;
    if (isSame(start, MAGIC)) return 'recording';
    if (isSame(start, PACK_MAGIC)) return 'pack';
    const image = readOwnImage(file);
    if (!image || !(image.isMarked || image.snapshotCount > 0)) return null;
    return image.lengthBytes === 0 ? 'state' : 'overlay';
  } finally {
    file.close();
  }
}

/** Before a file is created at `path`, or one of that kind replaced: an empty file may be, whoever made it. */
export function refuseForeign(host: Host, path: string, kind: OwnFileKind): void {
  refuseBrokenLink(host, path);
  if (!host.files.exists(path) || ownFile(host, path) === kind) return;
  const file = host.files.open(path, { write: false, create: 'never' });
  const lengthBytes = file.length();
  file.close();
  if (lengthBytes > 0) throw replacesForeignFile(path, kind);
}

export function refuseBrokenLink(host: Host, path: string): void {
  if (host.files.isBrokenLink(path)) throw brokenLink(path);
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, index) => byte === b[index]);
