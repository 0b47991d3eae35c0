import type { Host, HostFile } from '../../base/host.ts';
import { overlayMissing } from '../../errors/drives.ts';
import { packTargetExists } from '../../errors/overlays.ts';
import { RecordingReader } from '../../recording/recordingReader.ts';
import { baseChanged } from '../../errors/recording.ts';
import { contentDigest } from '../../block/driveDigest.ts';
import { digestText, type RecordedDrive, type RecordingHeader } from '../../recording/header.ts';
import { isInPlace } from '../inPlace.ts';
import { backingOf, type DiskPlace, openDisk } from '../openDisk.ts';
import { stateFileOf } from '../sessionOptions.ts';
import { underLocks } from './overlayFile.ts';
import { checkPackable, type PackedDrive, PackWriter } from './packFormat.ts';

/**
 * One file with a recording and all that a replay of it needs: its overlays or its state-only image, and the bases with
 * what they stand on, or else their names and digests. Names in the recording start at the current folder, as when it
 * was made. Returns the files that went in, under the names they will have.
 */
export interface PackOptions {
  rrfile: string;
  into: string;
  withBases: boolean;
  overwrite: boolean;
  /** Of blkreplay. */
  version: string;
}

interface Packed {
  path: string;
  name: string;
}

export function packRecording(host: Host, options: PackOptions): Packed[] {
  const { rrfile, into } = options;
  const header = headerOf(host, rrfile);
  const plan = planOf(host, rrfile, header, options.withBases);
  const own = host.files.identity(into);
  if (
    host.files.exists(into) &&
    (!options.overwrite || plan.files.some(({ path }) => host.files.identity(path) === own))
  ) {
    throw packTargetExists(into);
  }
  host.files.createFolderOf(into);
  return underLocks(host, [...plan.locked, into], () => {
    const opened = plan.files.map(({ path }) => host.files.open(path, { write: false, create: 'never' }));
    try {
      writePack(host, options, plan, opened);
      return plan.files;
    } finally {
      for (const file of opened) file.close();
    }
  });
}

interface Plan {
  files: Packed[];
  /** What a session writes. */
  locked: string[];
  rrfile: string;
  drives: PackedDrive[];
}

function writePack(
  host: Host,
  { into, version }: PackOptions,
  { files, rrfile, drives }: Plan,
  opened: HostFile[],
): void {
  const lengths = opened.map((file) => file.length());
  const listed = files.map(({ name }, i) => ({ name, lengthBytes: lengths[i] }));
  const header = { blkreplayVersion: version, files: listed, rrfile, drives };
  checkPackable(header);
  const target = host.files.open(into, { write: true, create: 'truncate' });
  try {
    const writer = new PackWriter(target, host.compression, header);
    opened.forEach((file, i) => writer.addFile(file, lengths[i]));
    target.sync();
  } finally {
    target.close();
  }
}

function planOf(host: Host, rrfile: string, header: RecordingHeader, withBases: boolean): Plan {
  const files: Packed[] = [{ path: rrfile, name: 'recording.rr' }];
  const locked = [rrfile];
  const add = (path: string, name: string): string => {
    if (!host.files.exists(path)) throw overlayMissing(path, rrfile);
    files.push({ path, name });
    return name;
  };
  if (header.stateFile !== null)
    locked.push(files[files.push({ path: stateFileOf(rrfile), name: stateFileOf('recording.rr') }) - 1].path);
  const drives = header.drives.map((drive): PackedDrive => {
    const { id, format, readOnly, contentDigest } = drive;
    // An image that takes its own snapshots is no base that could be left out.
    const inPlace = isInPlace(drive);
    const overlay = drive.overlay === null || readOnly || inPlace ? null : add(drive.overlay, overlayName(id, files));
    if (overlay !== null || inPlace) locked.push(drive.overlay!);
    if (withBases && !inPlace) checkBase(host, rrfile, drive);
    const bases = withBases || inPlace ? addBases(host, drive, files) : { image: null, backings: [] };
    const backings = [...bases.backings];
    if (overlay !== null && bases.image !== null) backings.unshift({ file: overlay, backing: bases.image, format });
    return { id, format, readOnly, overlay, image: bases.image, imageAsRecorded: drive.image, contentDigest, backings };
  });
  return { files, locked, rrfile: 'recording.rr', drives };
}

/** Ids may differ in case alone, which two files' names cannot everywhere. */
function overlayName(id: string, files: readonly Packed[]): string {
  const name = `${id}.overlay.qcow2`;
  const isTaken = files.some((file) => file.name.toLowerCase() === name.toLowerCase());
  return isTaken ? `${id}.overlay${files.length}.qcow2` : name;
}

/** A recording may come from anywhere, and names any file: it has to know what is in it, too. */
function checkBase(host: Host, rrfile: string, { id, image, format, contentDigest: recorded }: RecordedDrive): void {
  const disk = openDisk(host, { path: image, format });
  try {
    if (digestText(contentDigest(disk)) !== recorded) throw baseChanged({ file: rrfile, drive: id, image });
  } finally {
    disk.close();
  }
}

/** The image and all that it stands on, each file once. */
function addBases(host: Host, { id, image, format }: RecordedDrive, files: Packed[]) {
  const backings: PackedDrive['backings'] = [];
  const add = (place: DiskPlace): string => {
    const known = files.find(({ path }) => host.files.identity(path) === host.files.identity(place.path));
    if (known) return known.name;
    const name = `${id}.base${files.length}.${place.format === 'raw' ? 'img' : 'qcow2'}`;
    files.push({ path: place.path, name });
    const next = place.format === 'qcow2' ? backingOf(host, place.path) : undefined;
    if (next) backings.push({ file: name, backing: add(next), format: next.format });
    return name;
  };
  return { image: add({ path: image, format }), backings };
}

function headerOf(host: Host, rrfile: string): RecordingHeader {
  const file = host.files.open(rrfile, { write: false, create: 'never' });
  try {
    return new RecordingReader(file, host.compression).header;
  } finally {
    file.close();
  }
}
