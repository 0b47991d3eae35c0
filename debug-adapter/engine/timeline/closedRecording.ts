import type { Host } from '../base/host.ts';
import { UserError } from '../errors/userError.ts';
import type { RecordingReader } from '../recording/recordingReader.ts';
import type { DriveOptions } from './driveStack.ts';
import { diskFiles, type DiskFile } from './openDisk.ts';
import { recordedImage } from './snapshotImage.ts';
import { listSnapshots, type SnapshotInfo } from './snapshotInfo.ts';
import { stateFileOf } from './sessionOptions.ts';
import type { DriveFiles } from './timelineFiles.ts';

/** What the files of a recording hold while no session has it open. Nothing is locked and nothing is changed. */
export interface ClosedRecording {
  /** The chain of a disk that is not there, or cannot be read, is empty: it may be on another computer. */
  drives: DriveFiles[];
  stateFile: string | null;
  /** In order of position, up to the recording's end; undefined when the image that keeps them is not there. */
  snapshots: readonly SnapshotInfo[] | undefined;
}

/** `rrfile` is the recording's path; names in its header start at the current folder, as they did for recording. */
export function closedRecording(
  host: Host,
  rrfile: string,
  { header, lastPosition }: RecordingReader,
): ClosedRecording {
  const stateFile = header.stateFile === null ? null : stateFileOf(rrfile);
  const keeper = stateFile ?? header.drives.find(({ readOnly }) => !readOnly)?.overlay ?? undefined;
  return {
    drives: header.drives.map((drive) => ({
      id: drive.id,
      isReadOnly: drive.readOnly,
      isTemporary: !drive.readOnly && drive.overlay === null,
      chain: chainOf(host, drive),
    })),
    stateFile,
    snapshots:
      keeper === undefined
        ? undefined
        : ifThere(() => snapshotsIn(host, keeper).filter(({ position }) => position <= lastPosition)),
  };
}

function chainOf(host: Host, { image, format, overlay, readOnly }: DriveOptions): DiskFile[] {
  const top = readOnly || overlay === null ? { path: image, format } : { path: overlay, format: 'qcow2' as const };
  return ifThere(() => diskFiles(host, top)) ?? [];
}

function snapshotsIn(host: Host, path: string): SnapshotInfo[] {
  const { image } = recordedImage(host, path);
  try {
    return listSnapshots(image);
  } finally {
    image.close();
  }
}

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
