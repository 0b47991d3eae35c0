import { viewOf } from './bigEndian.ts';
import type { ImageFile } from './imageFile.ts';
import { imageDamage } from '../../../messages/imageDamage.ts';

export interface HeaderExtension {
  type: number;
  data: Uint8Array;
}

/**
 * Parses the header extensions (qcow2 specification, "Header extensions"). Each extension has a type, a length, and
 * data padded to a multiple of eight bytes. The list ends with an extension of type 0 or at the end of the available
 * space. Programs can ignore extensions of unknown types; this implementation preserves them, because it never moves
 * extensions.
 */
export function parseExtensions(
  file: ImageFile,
  cluster: Uint8Array,
  { start, end }: { start: number; end: number },
): HeaderExtension[] {
  const view = viewOf(cluster);
  const extensions: HeaderExtension[] = [];
  let at = start;
  while (at + 8 <= end) {
    const type = view.getUint32(at);
    const length = view.getUint32(at + 4);
    if (type === 0) break;
    if (at + 8 + length > end) throw file.corruptError(imageDamage.extensionTooLong(), at);
    extensions.push({ type, data: cluster.subarray(at + 8, at + 8 + length) });
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return extensions;
}

/** Encodes header extensions, including the end marker. */
export function encodeExtensions(extensions: readonly HeaderExtension[]): Uint8Array {
  const sizes = extensions.map(({ data }) => 8 + Math.ceil(data.length / 8) * 8);
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 8));
  const view = viewOf(bytes);
  let at = 0;
  extensions.forEach(({ type, data }, i) => {
    view.setUint32(at, type);
    view.setUint32(at + 4, data.length);
    bytes.set(data, at + 8);
    at += sizes[i];
  });
  return bytes;
}
