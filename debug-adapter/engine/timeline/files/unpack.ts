import type { Host, HostFile } from '../../base/host.ts';
import { contentDigest } from '../../block/driveDigest.ts';
import {
  packBaseNeeded,
  packBaseOther,
  packBaseUnknown,
  packTargetExists,
  replacesForeignFile,
} from '../../../messages/overlays.ts';
import { digestText } from '../../recording/header.ts';
import { openDisk } from '../openDisk.ts';
import type { DriveOptions } from '../driveStack.ts';
import { activityText, diskInUse, inUse, lockForSession } from '../filesInUse.ts';
import { NewFiles } from '../newFiles.ts';
import { stateFileOf } from '../sessionOptions.ts';
import { Cleanup } from '../cleanup.ts';
import { type OwnFileKind, refuseBrokenLink, refuseOtherKind } from './ownFile.ts';
import { type PackedDrive, type PackHeader, PackReader } from './packFormat.ts';
import { changeBackingName } from './rebase.ts';

export interface UnpackOptions {
  pack: string;
  folder: string;
  /** The paths of the base images that are not in the pack, indexed by drive ID. */
  bases: ReadonlyMap<string, string>;
  overwrite: boolean;
}

/** The options for replaying the unpacked recording. */
export interface Unpacked {
  rrfile: string;
  drives: DriveOptions[];
  files: string[];
}

/**
 * Extracts a pack to a folder and adjusts the backing file names in the overlays. Performs all checks before the first
 * file is created. Throws a UserError for a damaged pack, missing or different base images, and existing files that
 * must not be replaced.
 */
export function unpackRecording(host: Host, options: UnpackOptions): Unpacked {
  return Cleanup.onFailure((undo) => {
    const packFile = host.files.open(options.pack, { write: false, create: 'never' });
    undo.add(() => packFile.close());
    const { header } = new PackReader(packFile, host.compression);
    const pathOf = (name: string): string => host.files.inFolder(options.folder, name);
    checkTargets(host, options, header);
    checkBases(host, options, header);
    new PackReader(packFile, host.compression).checkFiles();
    const files = header.files.map(({ name }) => pathOf(name));
    const used = [...inUse('reads', [options.pack]), ...inUse('writes', files)];
    const bases = header.drives.flatMap(({ id, format }) => {
      const base = options.bases.get(id);
      return base === undefined ? [] : diskInUse(host, { path: base, format }, 'base');
    });
    const lock = lockForSession(host, [...used, ...bases], activityText('unpacking', options.pack), undo);
    const drives = header.drives.map((drive) => relocated(options, drive, pathOf));
    createFiles(host, { options, header, packFile, undo });
    packFile.close();
    lock.release();
    return { rrfile: pathOf(header.rrfile), drives, files };
  });
}

function createFiles(
  host: Host,
  {
    options,
    header,
    packFile,
    undo,
  }: { options: UnpackOptions; header: PackHeader; packFile: HostFile; undo: Cleanup },
): void {
  const reader = new PackReader(packFile, host.compression);
  const newFiles = new NewFiles(host, undo);
  const created = new Map<string, HostFile>();
  for (const { name, lengthBytes } of header.files) {
    const path = host.files.inFolder(options.folder, name);
    const file = newFiles.create(path);
    created.set(name, file);
    reader.nextFile(file, lengthBytes);
  }
  for (const drive of header.drives) renameBases(host, options, drive, created);
  for (const { name } of header.files) refuseOtherBase(host, options, header, name, created.get(name)!);
  newFiles.publish({ replaces: options.overwrite });
  for (const file of created.values()) file.close();
}

/** An existing file is replaced only if `overwrite` is set and blkreplay created it. */
function checkTargets(host: Host, { folder, overwrite }: UnpackOptions, header: PackHeader): void {
  for (const { name } of header.files) {
    const path = host.files.inFolder(folder, name);
    refuseBrokenLink(host, path);
    if (!host.files.exists(path)) continue;
    if (!overwrite) throw packTargetExists(path);
    const kind = kindOf(header, name);
    if (kind !== 'base') refuseOtherKind(host, path, kind);
  }
}

/**
 * Nothing in a base image shows whether blkreplay created it, so an existing file is accepted only if it has the same
 * contents.
 */
function refuseOtherBase(
  host: Host,
  { folder }: UnpackOptions,
  header: PackHeader,
  name: string,
  file: HostFile,
): void {
  const path = host.files.inFolder(folder, name);
  if (kindOf(header, name) !== 'base' || !host.files.exists(path)) return;
  const old = host.files.open(path, { write: false, create: 'never' });
  try {
    if (!hasSameContent(old, file)) throw replacesForeignFile(path, 'base');
  } finally {
    old.close();
  }
}

function hasSameContent(a: HostFile, b: HostFile): boolean {
  const lengthBytes = a.length();
  if (lengthBytes !== b.length()) return false;
  for (let pathOf = 0; pathOf < lengthBytes; pathOf += COMPARE_BYTES) {
    const pieces = [a, b].map((file) => {
      const bytes = new Uint8Array(Math.min(COMPARE_BYTES, lengthBytes - pathOf));
      file.readAt(pathOf, bytes);
      return bytes;
    });
    if (pieces[0].some((byte, index) => byte !== pieces[1][index])) return false;
  }
  return true;
}

const COMPARE_BYTES = 1 << 20;

function kindOf({ rrfile, drives }: PackHeader, name: string): OwnFileKind | 'base' {
  if (name === rrfile) return 'recording';
  if (drives.some(({ overlay }) => overlay === name)) return 'overlay';
  return name === stateFileOf(rrfile) ? 'state' : 'base';
}

function checkBases(host: Host, { pack, bases }: UnpackOptions, { drives }: PackHeader): void {
  for (const { id, image, imageAsRecorded, contentDigest: digest, format } of drives) {
    const base = bases.get(id);
    if (image !== null && base !== undefined) throw packBaseUnknown({ drive: id, file: pack });
    if (image !== null) continue;
    if (base === undefined) throw packBaseNeeded({ file: pack, drive: id, image: imageAsRecorded, digest });
    const disk = openDisk(host, { path: base, format });
    try {
      const isRight = digestText(contentDigest(disk)) === digest;
      if (!isRight) throw packBaseOther({ base, drive: id, image: imageAsRecorded });
    } finally {
      disk.close();
    }
  }
  const unknown = [...bases.keys()].find((id) => !drives.some((drive) => drive.id === id));
  if (unknown !== undefined) throw packBaseUnknown({ drive: unknown, file: pack });
}

/** The options for a drive, with the new locations of its files. */
function relocated({ bases }: UnpackOptions, drive: PackedDrive, pathOf: (name: string) => string): DriveOptions {
  const { id, format, readOnly } = drive;
  const image = drive.image === null ? bases.get(id)! : pathOf(drive.image);
  const overlay = drive.overlay === null ? null : pathOf(drive.overlay);
  return { id, image, format, overlay, readOnly };
}

/** Updates the backing file names in all overlays and backing files to the new locations. */
function renameBases(
  host: Host,
  { folder, bases }: UnpackOptions,
  { id, format, overlay, image, backings }: PackedDrive,
  created: ReadonlyMap<string, HostFile>,
): void {
  const pathOf = (name: string): string => host.files.inFolder(folder, name);
  for (const { file, backing, format } of backings) {
    changeBackingName(host, created.get(file)!, { overlay: pathOf(file), base: { path: pathOf(backing), format } });
  }
  if (overlay === null || image !== null) return;
  changeBackingName(host, created.get(overlay)!, { overlay: pathOf(overlay), base: { path: bases.get(id)!, format } });
}
