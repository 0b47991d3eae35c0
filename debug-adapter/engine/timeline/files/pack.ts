import { assert } from '../../base/assert.ts';
import type { FileUse, Host, HostFile } from '../../base/host.ts';
import { overlayMissing } from '../../../messages/drives.ts';
import { packFileTooLarge, packTargetExists } from '../../../messages/overlays.ts';
import { RecordingReader } from '../../recording/recordingReader.ts';
import { baseChanged } from '../../../messages/recording.ts';
import { contentDigest } from '../../block/driveDigest.ts';
import { digestText, type RecordedDrive, type RecordingHeader } from '../../recording/header.ts';
import { activityText, diskInUse, inUse, lockForSession } from '../filesInUse.ts';
import { withAllowedDrives } from '../driveStack.ts';
import { hasInternalSnapshots } from '../internalSnapshots.ts';
import { NewFiles } from '../newFiles.ts';
import { backingOf, type DiskLocation, openDisk } from '../openDisk.ts';
import { stateFileOf } from '../sessionOptions.ts';
import { Cleanup } from '../cleanup.ts';
import { refuseBrokenLink, refuseOtherKind } from './ownFile.ts';
import { FILE_BYTES_MAX, isPackable, type PackedDrive, PackWriter } from './packFormat.ts';
import { checkRecordedFiles } from './recordedOverlay.ts';

export interface PackOptions {
  rrfile: string;
  into: string;
  withBases: boolean;
  overwrite: boolean;
  /** The version of blkreplay. */
  version: string;
}

interface PackedFile {
  path: string;
  name: string;
}

/**
 * Writes one file that contains a recording and everything that is needed to replay it: its overlays or its state-only
 * image, and either the base images with their backing files or only the names and digests of the base images. Relative
 * names in the recording are resolved against the current folder, as during recording. Locks all files and performs all
 * checks before the pack is created. Returns the packed files with their names in the pack. Throws a UserError for
 * files that are missing, changed, in use or too large.
 */
export function packRecording(anyHost: Host, options: PackOptions): PackedFile[] {
  const { rrfile, into, withBases } = options;
  return Cleanup.onFailure((undo) => {
    const reader = openReader(anyHost, rrfile, undo);
    // The backing files of the recorded drives may be opened, because the user named these drives for the recording.
    const host = withAllowedDrives(anyHost, reader.header.drives);
    const plan = makePlan(host, rrfile, reader.header, withBases);
    checkTarget(host, options, plan);
    const used = [...plan.used, ...inUse('writes', [into])];
    const lock = lockForSession(host, used, activityText('packing', rrfile), undo);
    checkRecordedFiles(host, rrfile, reader);
    if (withBases) for (const drive of reader.header.drives) checkBase(host, rrfile, drive);
    const opened = plan.files.map(({ path }) => {
      const file = host.files.open(path, { write: false, create: 'never' });
      undo.add(() => file.close());
      return file;
    });
    const newFiles = new NewFiles(host, undo);
    const target = newFiles.create(into);
    writePack(host, { options, plan, opened, target });
    newFiles.publish({ replaces: options.overwrite });
    for (const file of [...opened, target]) file.close();
    reader.close();
    lock.release();
    return plan.files;
  });
}

interface Plan {
  files: PackedFile[];
  used: FileUse[];
  rrfile: string;
  drives: PackedDrive[];
}

function checkTarget(host: Host, { into, overwrite }: PackOptions, { files }: Plan): void {
  refuseBrokenLink(host, into);
  if (!host.files.exists(into)) return;
  const own = host.files.identity(into);
  const isSource = files.some(({ path }) => host.files.identity(path) === own);
  if (!overwrite || isSource) throw packTargetExists(into);
  refuseOtherKind(host, into, 'pack');
}

function writePack(
  host: Host,
  { options, plan, opened, target }: { options: PackOptions; plan: Plan; opened: HostFile[]; target: HostFile },
): void {
  const lengths = opened.map((file) => file.length());
  const listed = plan.files.map(({ name }, i) => ({ name, lengthBytes: lengths[i] }));
  const { rrfile, drives } = plan;
  const header = { blkreplayVersion: options.version, files: listed, rrfile, drives };
  refuseTooLarge(plan, lengths);
  assert(isPackable(header), 'every valid recording can be packed');
  const writer = new PackWriter(target, host.compression, header);
  opened.forEach((file, i) => writer.addFile(file, lengths[i]));
}

function refuseTooLarge({ files, drives }: Plan, lengths: readonly number[]): void {
  const i = lengths.findIndex((lengthBytes) => lengthBytes > FILE_BYTES_MAX);
  if (i < 0) return;
  const { path, name } = files[i];
  const isBase = drives.some(
    ({ image, backings }) => image === name || backings.some(({ backing }) => backing === name),
  );
  throw packFileTooLarge({ name: path, lengthBytes: lengths[i], maxBytes: FILE_BYTES_MAX, isBase });
}

function makePlan(host: Host, rrfile: string, header: RecordingHeader, withBases: boolean): Plan {
  const files: PackedFile[] = [{ path: rrfile, name: 'recording.rr' }];
  const used = inUse('reads', [rrfile]);
  const add = (path: string, name: string): string => {
    if (!host.files.exists(path)) throw overlayMissing(path, rrfile);
    files.push({ path, name });
    used.push({ path, use: 'reads' });
    return name;
  };
  if (header.stateFile !== null) add(stateFileOf(rrfile), stateFileOf('recording.rr'));
  const drives = header.drives.map((drive): PackedDrive => {
    const { id, format, readOnly, contentDigest } = drive;
    // Unlike a base image, an image that stores its own snapshots cannot be left out of the pack.
    const inPlace = hasInternalSnapshots(drive);
    const overlay = drive.overlay === null || readOnly || inPlace ? null : add(drive.overlay, overlayName(id, files));
    if (inPlace) used.push(...diskInUse(host, { path: drive.image, format }, 'reads'));
    else if (withBases) used.push(...diskInUse(host, { path: drive.image, format }, 'base'));
    const bases = withBases || inPlace ? addBases(host, drive, files) : { image: null, backings: [] };
    const backings = [...bases.backings];
    if (overlay !== null && bases.image !== null) backings.unshift({ file: overlay, backing: bases.image, format });
    return { id, format, readOnly, overlay, image: bases.image, imageAsRecorded: drive.image, contentDigest, backings };
  });
  return { files, used, rrfile: 'recording.rr', drives };
}

/** Two drive IDs may differ only in case, but some systems ignore the case of file names. */
function overlayName(id: string, files: readonly PackedFile[]): string {
  const name = `${id}.overlay.qcow2`;
  const isTaken = files.some((file) => file.name.toLowerCase() === name.toLowerCase());
  return isTaken ? `${id}.overlay${files.length}.qcow2` : name;
}

/**
 * A recording from an untrusted source can name any file. If the digest matches, the author of the recording already
 * had the contents, so the pack reveals nothing new.
 */
function checkBase(host: Host, rrfile: string, drive: RecordedDrive): void {
  if (hasInternalSnapshots(drive)) return;
  const { id, image, format, contentDigest: recorded } = drive;
  const disk = openDisk(host, { path: image, format });
  try {
    if (digestText(contentDigest(disk)) !== recorded) throw baseChanged({ file: rrfile, drive: id, image });
  } finally {
    disk.close();
  }
}

/** Adds the image and its backing chain, each file once. */
function addBases(host: Host, { id, image, format }: RecordedDrive, files: PackedFile[]) {
  const backings: PackedDrive['backings'] = [];
  const add = (location: DiskLocation): string => {
    const existing = files.find(({ path }) => host.files.identity(path) === host.files.identity(location.path));
    if (existing) return existing.name;
    const name = `${id}.base${files.length}.${location.format === 'raw' ? 'img' : 'qcow2'}`;
    files.push({ path: location.path, name });
    const next = location.format === 'qcow2' ? backingOf(host, location.path) : undefined;
    if (next) backings.push({ file: name, backing: add(next), format: next.format });
    return name;
  };
  return { image: add({ path: image, format }), backings };
}

function openReader(host: Host, rrfile: string, undo: Cleanup): RecordingReader {
  const file = host.files.open(rrfile, { write: false, create: 'never' });
  undo.add(() => file.close());
  return new RecordingReader(file, host.compression);
}
