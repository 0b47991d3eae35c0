import { viewOf } from './bigEndian.ts';
import type { ImageFile } from './imageFile.ts';

/**
 * Header extensions (qcow2 spec, "Header extensions"): type, length, data padded to eight bytes, ended by type 0 or by
 * the end of their room. Extensions of unknown type may be ignored, and are kept, because we never move them.
 */
export interface HeaderExtension {
  type: number;
  data: Uint8Array;
}

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
    if (at + 8 + length > end) throw file.corrupt('a header extension is longer than its room', at);
    extensions.push({ type, data: cluster.subarray(at + 8, at + 8 + length) });
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return extensions;
}

/** With the mark of their end. */
export function encodeExtensions(extensions: readonly HeaderExtension[]): Uint8Array {
  const places = extensions.map(({ data }) => 8 + Math.ceil(data.length / 8) * 8);
  const bytes = new Uint8Array(places.reduce((sum, place) => sum + place, 8));
  const view = viewOf(bytes);
  let at = 0;
  extensions.forEach(({ type, data }, i) => {
    view.setUint32(at, type);
    view.setUint32(at + 4, data.length);
    bytes.set(data, at + 8);
    at += places[i];
  });
  return bytes;
}
