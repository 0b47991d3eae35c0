import type { HostFile } from '../../base/host.ts';
import { backingNameTooLong } from '../../../messages/block.ts';
import { viewOf, writeU64 } from './bigEndian.ts';
import { EXTENSION_BACKING_FORMAT, readHeader } from './header.ts';
import { encodeExtensions, type HeaderExtension, parseExtensions } from './headerExtensions.ts';
import { ImageFile } from './imageFile.ts';
import { BACKING_NAME_BYTES_MAX, SECTOR_BYTES } from './layout.ts';

/**
 * Changes the backing file name stored in an image and leaves the rest of the image unchanged. The image must not be
 * open. The new name is written to an unused part of the header cluster, and then a single write to the first sector
 * makes the header refer to it.
 */
export function changeBackingFile(hostFile: HostFile, backing: { name: string; format: string }): void {
  const file = new ImageFile(hostFile);
  const { clusterBits, bytes: header } = readHeader(file);
  const cluster = file.readTable(0, 2 ** clusterBits, 'the header');
  const old = storedName(cluster);
  const name = new TextEncoder().encode(backing.name);
  const extensions = withFormat(parseExtensions(file, cluster, { start: header.length, end: old.end }), backing.format);
  const encoded = encodeExtensions(extensions);
  const firstFree = header.length + encoded.length;
  const afterOldName = Math.max(firstFree, roundUpTo8(old.offset + old.lengthBytes));
  const fits = (offset: number) => offset + name.length <= cluster.length;
  // The first sector is replaced by a single write, so the new name may overlap the old name there.
  const nameAt = firstFree + name.length <= SECTOR_BYTES || !fits(afterOldName) ? firstFree : afterOldName;
  if (name.length > BACKING_NAME_BYTES_MAX || !fits(nameAt)) throw backingNameTooLong(file.name, backing.name);

  const end = nameAt + name.length;
  const start = cluster.slice(0, Math.max(end, SECTOR_BYTES));
  start.set(encoded, header.length);
  start.set(name, nameAt);
  writeU64(viewOf(start), NAME_OFFSET_AT, nameAt);
  viewOf(start).setUint32(NAME_LENGTH_AT, name.length);
  if (end > SECTOR_BYTES) {
    file.write(SECTOR_BYTES, start.subarray(SECTOR_BYTES));
    file.barrier({ durable: true });
  }
  file.write(0, start.subarray(0, SECTOR_BYTES));
  file.barrier({ durable: true });
}

function storedName(cluster: Uint8Array<ArrayBuffer>) {
  const view = viewOf(cluster);
  const offset = Number(view.getBigUint64(NAME_OFFSET_AT));
  const lengthBytes = view.getUint32(NAME_LENGTH_AT);
  return { offset, lengthBytes, end: offset === 0 ? cluster.length : offset };
}

/**
 * Replaces the header extension that contains the backing format. If the image has no such extension, the feature name
 * table is removed to make room, so that all extensions stay in the first sector. Programs use the feature name table
 * only for messages.
 */
function withFormat(extensions: readonly HeaderExtension[], format: string): HeaderExtension[] {
  const entry = { type: EXTENSION_BACKING_FORMAT, data: new TextEncoder().encode(format) };
  const index = extensions.findIndex(({ type }) => type === EXTENSION_BACKING_FORMAT);
  if (index >= 0) return extensions.with(index, entry);
  return [entry, ...extensions.filter(({ type }) => type !== EXTENSION_FEATURE_NAMES)];
}

const roundUpTo8 = (value: number): number => Math.ceil(value / 8) * 8;

const NAME_OFFSET_AT = 8;
const NAME_LENGTH_AT = 16;
const EXTENSION_FEATURE_NAMES = 0x6803f857;
