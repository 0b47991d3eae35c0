import type { Host, HostFile } from '../base/host.ts';
import type { BlockDevice } from '../block/blockDevice.ts';
import { RawImage } from '../block/raw.ts';
import { Qcow2Image } from '../block/qcow2/image.ts';
import type { BackingName } from '../block/qcow2/openParts.ts';
import { backingChainTooLong, backingFormatMissing, backingNameRefused, backingOutside } from '../errors/drives.ts';

/**
 * Opens what is under an overlay: a raw or qcow2 image with all that it stands on, read-only, in the formats that are
 * said and never guessed. Names in a qcow2 are relative to its folder. Closing an image closes what it stands on.
 */
export type DiskFormat = 'raw' | 'qcow2';

/** Where a disk's image is, and what it is. */
export interface DiskPlace {
  path: string;
  format: DiskFormat;
}

/** A file of a disk: the image or something that it stands on. */
export interface DiskFile {
  file: string;
  format: DiskFormat;
  fileBytes: number;
  virtualBytes: number;
}

/** Deeper chains are a loop or a mistake. */
const CHAIN_MAX = 16;

export function openDisk(host: Host, image: DiskPlace, depth = 0): BlockDevice {
  const file = host.files.open(image.path, { write: false, create: 'never' });
  if (image.format === 'qcow2') return openOnBacking(host, { path: image.path, file, writable: false }, depth);
  try {
    return new RawImage(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** A qcow2 with all that it stands on; the image owns file and backing. Closes the file when that fails. */
export function openOnBacking(
  host: Host,
  { path, file, writable }: { path: string; file: HostFile; writable: boolean },
  depth = 0,
): Qcow2Image {
  try {
    return Qcow2Image.open(file, {
      writable,
      openBacking: (name) => {
        const backing = backingPlace(host, path, name, depth);
        return backing && openDisk(host, backing, depth + 1);
      },
      compression: host.compression,
    });
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The image's file and those of all that it stands on. */
export function filesOfDisk(host: Host, image: DiskPlace): string[] {
  return diskFiles(host, image).map(({ file }) => file);
}

/** The same with their sizes, the image first. */
export function diskFiles(host: Host, image: DiskPlace, depth = 0): DiskFile[] {
  const { path, format } = image;
  const file = host.files.open(path, { write: false, create: 'never' });
  let next: DiskPlace | undefined;
  let device: BlockDevice;
  const fileBytes = file.length();
  try {
    const openBacking = (name: BackingName) => void (next = backingPlace(host, path, name, depth));
    device =
      format === 'raw'
        ? new RawImage(file)
        : Qcow2Image.open(file, { writable: false, openBacking, compression: host.compression });
  } catch (error) {
    file.close();
    throw error;
  }
  const here: DiskFile = { file: path, format, fileBytes, virtualBytes: device.lengthBytes };
  device.close();
  return next ? [here, ...diskFiles(host, next, depth + 1)] : [here];
}

/** What a qcow2 of the user's stands on by name; nothing below it is opened. */
export function backingOf(host: Host, path: string): DiskPlace | undefined {
  const file = host.files.open(path, { write: false, create: 'never' });
  try {
    let place: DiskPlace | undefined;
    const openBacking = (name: BackingName) => void (place = backingPlace(host, path, name, 0));
    Qcow2Image.open(file, { writable: false, openBacking });
    return place;
  } finally {
    file.close();
  }
}

function backingPlace(host: Host, path: string, name: BackingName, depth: number): DiskPlace | undefined {
  if (depth >= CHAIN_MAX) throw backingChainTooLong(path, CHAIN_MAX);
  const { backingFileName, backingFormat } = name;
  if (backingFileName === undefined) return undefined;
  // QEMU's protocols (`nbd:`, `json:`) name other things than files beside the image.
  if (/^[a-z][a-z0-9+.-]+:/i.test(backingFileName)) throw backingNameRefused(path, backingFileName);
  if (backingFormat !== 'raw' && backingFormat !== 'qcow2') throw backingFormatMissing(path, backingFormat);
  const backing = host.files.resolveName({ from: path, name: backingFileName });
  if (!mayLeadTo(host, path, backing)) throw backingOutside(path, backing);
  return { path: backing, format: backingFormat };
}

/** An image may come from anywhere, and any file of the user's can be read as a raw disk. */
function mayLeadTo({ files, allowed }: Host, image: string, backing: string): boolean {
  return [files.folderOf(image), ...allowed].some((place) => files.isWithin(backing, place));
}
