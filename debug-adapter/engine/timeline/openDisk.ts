import type { DriveFormat } from '../base/driveRules.ts';
import type { Host, HostFile } from '../base/host.ts';
import type { BlockDevice } from '../block/blockDevice.ts';
import { RawImage } from '../block/raw.ts';
import { Qcow2Image } from '../block/qcow2/image.ts';
import type { BackingFile } from '../block/qcow2/openParts.ts';
import {
  backingChainTooLong,
  backingFormatMissing,
  backingMissing,
  backingNameRefused,
  backingOutside,
} from '../../messages/drives.ts';
import { UserError, dataOf, type Notice } from '../../messages/userError.ts';

export type DiskFormat = DriveFormat;

/** The location and format of a disk image. */
export interface DiskLocation {
  path: string;
  format: DiskFormat;
}

/** One of a disk's files: the image or one of its backing files. Lengths are in bytes. */
export interface DiskFile {
  file: string;
  format: DiskFormat;
  /** `fileBytes` and `virtualBytes` are 0 if the file was not opened. */
  fileBytes: number;
  virtualBytes: number;
  /** Why the file was not opened, for example because it is missing; the rest of the chain is then unknown. */
  problem?: Notice;
}

/** The maximum length of a backing chain. A longer chain is assumed to be a loop or a mistake. */
const CHAIN_MAX = 16;

/**
 * Opens a base image read-only: a raw or qcow2 image with its whole backing chain. Formats are given explicitly, never
 * probed. A backing file name in a qcow2 image is relative to the image's folder. Closing an image closes its backing
 * file. Throws a UserError if a file is missing, damaged or not allowed as a backing file.
 */
export function openDisk(host: Host, image: DiskLocation, depth = 0): BlockDevice {
  const file = host.files.open(image.path, { write: false, create: 'never' });
  if (image.format === 'qcow2') return openWithBacking(host, { path: image.path, file, writable: false }, depth);
  try {
    return new RawImage(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Opens a qcow2 image with its backing chain. Closing the image also closes its file and the chain. On failure, the
 * file is closed.
 */
export function openWithBacking(
  host: Host,
  { path, file, ...options }: { path: string; file: HostFile; writable: boolean; sameFile?: Qcow2Image },
  depth = 0,
): Qcow2Image {
  try {
    return Qcow2Image.open(file, {
      ...options,
      openBacking: (name) => {
        const backing = backingLocation(host, path, name, depth);
        return backing && openDisk(host, backing, depth + 1);
      },
      compression: host.compression,
    });
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Opens a qcow2 image for operations that do not need its backing file, which may be missing or not allowed. */
export function openWithoutBacking(
  host: Host,
  { path, ...options }: { path: string; writable: boolean; sameFile?: Qcow2Image },
): Qcow2Image {
  const file = host.files.open(path, { write: options.writable, create: 'never' });
  try {
    return Qcow2Image.open(file, { ...options, compression: host.compression });
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The image's file and the files in its backing chain. */
export function filesOfDisk(host: Host, image: DiskLocation): string[] {
  return diskFiles(host, image).map(({ file }) => file);
}

/** A disk's files with their sizes, the image first. */
export function diskFiles(host: Host, image: DiskLocation, depth = 0): DiskFile[] {
  const { here, name } = diskFile(host, image);
  const next = name && backingLocation(host, image.path, name, depth);
  return next ? [here, ...diskFiles(host, next, depth + 1)] : [here];
}

/** Like `diskFiles`, but for display: a file that cannot be opened is included in the result. */
export function listDiskFiles(host: Host, image: DiskLocation, depth = 0): DiskFile[] {
  const { here, name } = diskFile(host, image);
  if (name?.backingFileName === undefined) return [here];
  try {
    return [here, ...listDiskFiles(host, backingLocation(host, image.path, name, depth)!, depth + 1)];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const file = host.files.resolveName({ from: image.path, name: name.backingFileName });
    const format = name.backingFormat === 'qcow2' ? 'qcow2' : 'raw';
    return [here, { file, format, fileBytes: 0, virtualBytes: 0, problem: dataOf(error) }];
  }
}

function diskFile(host: Host, { path, format }: DiskLocation): { here: DiskFile; name?: BackingFile } {
  const file = host.files.open(path, { write: false, create: 'never' });
  let name: BackingFile | undefined;
  const fileBytes = file.length();
  try {
    const openBacking = (named: BackingFile) => void (name = named);
    const device =
      format === 'raw'
        ? new RawImage(file)
        : Qcow2Image.open(file, { writable: false, openBacking, compression: host.compression });
    return { here: { file: path, format, fileBytes, virtualBytes: device.lengthBytes }, name };
  } finally {
    file.close();
  }
}

/** The backing file that is named in a qcow2 image. Does not open the backing file. */
export function backingOf(host: Host, path: string): DiskLocation | undefined {
  const file = host.files.open(path, { write: false, create: 'never' });
  try {
    let location: DiskLocation | undefined;
    const openBacking = (name: BackingFile) => void (location = backingLocation(host, path, name, 0));
    Qcow2Image.open(file, { writable: false, openBacking });
    return location;
  } finally {
    file.close();
  }
}

function backingLocation(host: Host, path: string, name: BackingFile, depth: number): DiskLocation | undefined {
  if (depth >= CHAIN_MAX) throw backingChainTooLong(path, CHAIN_MAX);
  const { backingFileName, backingFormat } = name;
  if (backingFileName === undefined) return undefined;
  // Names that start with a QEMU protocol (`nbd:`, `json:`) do not refer to files.
  if (/^[a-z][a-z0-9+.-]+:/i.test(backingFileName)) throw backingNameRefused(path, backingFileName);
  if (backingFormat !== 'raw' && backingFormat !== 'qcow2') throw backingFormatMissing(path, backingFormat);
  const backing = host.files.resolveName({ from: path, name: backingFileName });
  if (!host.files.exists(backing)) throw backingMissing(path, backing);
  if (!isAllowedBacking(host, path, backing)) throw backingOutside(path, backing);
  return { path: backing, format: backingFormat };
}

/**
 * An image from an untrusted source could name any of the user's files as its backing file, because every file can be
 * read as a raw disk.
 */
function isAllowedBacking({ files, allowed }: Host, image: string, backing: string): boolean {
  return [files.folderOf(image), ...allowed].some((location) => files.isWithin(backing, location));
}
