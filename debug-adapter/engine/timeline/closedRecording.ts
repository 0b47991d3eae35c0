import type { Host } from '../base/host.ts';
import { UserError } from '../../messages/userError.ts';
import type { RecordedDrive, RecordingHeader } from '../recording/header.ts';
import type { RecordingReader } from '../recording/recordingReader.ts';
import { withAllowedDrives, type DriveOptions } from './driveStack.ts';
import { ownFileKind } from './files/ownFile.ts';
import { belongsToRecording } from './files/recordedOverlay.ts';
import { hasInternalSnapshots } from './internalSnapshots.ts';
import { type DiskFile, listDiskFiles } from './openDisk.ts';
import { openRecordedImage } from './snapshotImage.ts';
import { listSnapshots, type SnapshotInfo } from './snapshotInfo.ts';
import { stateFileOf } from './sessionOptions.ts';
import type { DriveFiles } from './timelineFiles.ts';

/** The files of a recording that no session has open. Finding them takes no locks and changes nothing. */
export interface ClosedRecording {
  /** The backing chain is empty if the disk is missing or unreadable. The disk may be on another computer. */
  drives: DriveFiles[];
  stateFile: string | null;
  /** The recording itself, followed by the files that belong to it. */
  files: RecordingFile[];
  /**
   * The snapshots up to the recording's end, in order of position; undefined if the image that contains them is
   * missing.
   */
  snapshots: readonly SnapshotInfo[] | undefined;
}

/** A file named in a recording. */
export interface RecordingFile {
  /** The path in the recording's header. */
  path: string;
  kind: 'recording' | 'overlay' | 'state' | 'image';
  /**
   * Whether blkreplay created this file for this recording and may delete it together with the recording. Never true
   * for a drive's image, even if it contains the snapshots.
   */
  isOwn: boolean;
}

/**
 * Describes the files of a recording. `rrfile` is the path of the recording; relative names in its header are resolved
 * against the current folder, as during recording. A missing or unreadable file is not an error; its details are then
 * omitted from the result.
 */
export function closedRecording(anyHost: Host, rrfile: string, reader: RecordingReader): ClosedRecording {
  const { header, lastPosition } = reader;
  // The backing files of the recorded drives may be opened, because the user named these drives for the recording.
  const host = withAllowedDrives(anyHost, header.drives);
  const stateFile = header.stateFile === null ? null : stateFileOf(rrfile);
  const stateImagePath = stateFile ?? header.drives.find(({ readOnly }) => !readOnly)?.overlay ?? undefined;
  return {
    drives: header.drives.map((drive) => ({
      id: drive.id,
      isReadOnly: drive.readOnly,
      isTemporary: !drive.readOnly && drive.overlay === null,
      chain: chainOf(host, drive),
    })),
    stateFile,
    files: filesOf(host, rrfile, reader),
    snapshots:
      stateImagePath === undefined
        ? undefined
        : undefinedOnUserError(() =>
            snapshotsIn(host, stateImagePath).filter(({ position }) => position <= lastPosition),
          ),
  };
}

function filesOf(host: Host, rrfile: string, reader: RecordingReader): RecordingFile[] {
  const { header } = reader;
  // A file that is also listed in the recording as an input belongs to the user, even if it is listed under a different
  // name.
  const brought = new Set(filesBrought(host, header).map((path) => host.files.identity(path)));
  const stateImagePath = (kind: 'overlay' | 'state', path: string, drive?: RecordedDrive): RecordingFile => {
    const isOwn = () =>
      !brought.has(host.files.identity(path)) &&
      ownFileKind(host, path) === kind &&
      belongsToRecording(host, path, reader, drive);
    return { path, kind, isOwn: undefinedOnUserError(isOwn) ?? false };
  };
  return [
    { path: rrfile, kind: 'recording', isOwn: true },
    ...(header.stateFile === null ? [] : [stateImagePath('state', stateFileOf(rrfile))]),
    ...header.drives.flatMap((drive): RecordingFile[] => {
      const { image, overlay, readOnly } = drive;
      const base: RecordingFile = { path: image, kind: 'image', isOwn: false };
      return overlay === null || readOnly || hasInternalSnapshots(drive)
        ? [base]
        : [stateImagePath('overlay', overlay, drive), base];
    }),
  ];
}

function filesBrought(host: Host, { drives, bootFiles }: RecordingHeader): string[] {
  const images = drives.flatMap((drive) => [
    drive.image,
    ...(undefinedOnUserError(() => listDiskFiles(host, { path: drive.image, format: drive.format })) ?? []).map(
      ({ file }) => file,
    ),
  ]);
  return [...images, ...bootFiles.map(({ name }) => name)];
}

function chainOf(host: Host, { image, format, overlay, readOnly }: DriveOptions): DiskFile[] {
  const top = readOnly || overlay === null ? { path: image, format } : { path: overlay, format: 'qcow2' as const };
  return undefinedOnUserError(() => listDiskFiles(host, top)) ?? [];
}

function snapshotsIn(host: Host, path: string): SnapshotInfo[] {
  const { image } = openRecordedImage(host, path, undefined, { withoutBacking: true });
  try {
    return listSnapshots(image);
  } finally {
    image.close();
  }
}

function undefinedOnUserError<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
