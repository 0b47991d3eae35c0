import type { Host } from '../base/host.ts';
import type { BlockDevice } from '../block/blockDevice.ts';
import { RawImage } from '../block/raw.ts';
import { Qcow2Image } from '../block/qcow2/image.ts';
import { backingChainTooLong, backingFormatMissing, backingNameRefused } from '../errors/drives.ts';

/**
 * Opens what is under an overlay: a raw or qcow2 image with all that it stands on, read-only, in the formats that are
 * said and never guessed. Names in a qcow2 are relative to its folder.
 */
export type DiskFormat = 'raw' | 'qcow2';

/** Deeper chains are a loop or a mistake. */
const CHAIN_MAX = 16;

export function openDisk(host: Host, image: { path: string; format: DiskFormat }, depth = 0): BlockDevice {
  const file = host.files.open(image.path, { write: false, create: 'never' });
  try {
    if (image.format === 'raw') return new RawImage(file);
    const backing = openBacking(host, image.path, depth);
    return Qcow2Image.open(file, { writable: false, backing, compression: host.compression });
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The image's file and those of all that it stands on. */
export function filesOfDisk(host: Host, image: { path: string; format: DiskFormat }, depth = 0): string[] {
  if (image.format === 'raw') return [image.path];
  const backing = backingOf(host, image.path, depth);
  return backing === undefined ? [image.path] : [image.path, ...filesOfDisk(host, backing, depth + 1)];
}

/** The backing file of the qcow2 at `path`, if it has one. */
export function openBacking(host: Host, path: string, depth = 0): BlockDevice | undefined {
  const backing = backingOf(host, path, depth);
  return backing && openDisk(host, backing, depth + 1);
}

function backingOf(host: Host, path: string, depth: number): { path: string; format: DiskFormat } | undefined {
  if (depth >= CHAIN_MAX) throw backingChainTooLong(path, CHAIN_MAX);
  const { backingFileName, backingFormat } = readBackingName(host, path);
  if (backingFileName === undefined) return undefined;
  // QEMU's protocols (`nbd:`, `json:`) name other things than files beside the image.
  if (/^[a-z][a-z0-9+.-]+:/i.test(backingFileName)) throw backingNameRefused(path, backingFileName);
  if (backingFormat !== 'raw' && backingFormat !== 'qcow2') throw backingFormatMissing(path, backingFormat);
  return { path: host.files.resolveName({ from: path, name: backingFileName }), format: backingFormat };
}

function readBackingName(host: Host, path: string): Pick<Qcow2Image, 'backingFileName' | 'backingFormat'> {
  const file = host.files.open(path, { write: false, create: 'never' });
  const image = Qcow2Image.open(file, { writable: false, compression: host.compression });
  const { backingFileName, backingFormat } = image;
  image.close();
  return { backingFileName, backingFormat };
}
