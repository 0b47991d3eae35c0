import type { Host } from '../../base/host.ts';
import { contentDigest } from '../../block/driveDigest.ts';
import { Qcow2Image, type SnapshotKey } from '../../block/qcow2/image.ts';
import { overlayOfOtherRecording, otherRecordingReasons } from '../../../messages/overlays.ts';
import { baseChanged } from '../../../messages/recording.ts';
import { digestText, type RecordedDrive } from '../../recording/header.ts';
import type { RecordingReader } from '../../recording/recordingReader.ts';
import { hasInternalSnapshots, openInitialDisk } from '../internalSnapshots.ts';
import { backingOf, openDisk } from '../openDisk.ts';
import { stateFileOf } from '../sessionOptions.ts';
import { recordingOf, isBlkreplayState } from '../vmState.ts';

/**
 * Checks that the files named in a recording belong to it: a recording from an untrusted source can name any file, and
 * files may have changed since the recording was made. An overlay belongs to the recording if it is based on its
 * drive's base, has the same length, and contains the recording's first snapshot, whose disk has the contents of the
 * base. The overlay with the machine state must contain a machine state from this recording. Throws a UserError.
 */
export function checkRecordedFiles(host: Host, rrfile: string, reader: RecordingReader): void {
  const { header } = reader;
  const first = header.rrsnapshot;
  const stateDrive = header.stateFile === null ? header.drives.find(({ readOnly }) => !readOnly) : undefined;
  if (header.stateFile !== null) {
    const path = stateFileOf(rrfile);
    throwProblem(
      rrfile,
      path,
      withImage(host, path, (image) => firstSnapshotProblem(image, { reader, lengthBytes: 0, first: true })),
    );
  }
  for (const drive of header.drives) {
    const { overlay, readOnly, lengthBytes } = drive;
    if (overlay === null || readOnly) continue;
    if (hasInternalSnapshots(drive)) refuseOtherContent(host, rrfile, drive, first);
    else {
      const why = withImage(host, overlay, (image) =>
        firstSnapshotProblem(image, { reader, lengthBytes, first: drive === stateDrive }),
      );
      throwProblem(rrfile, overlay, why ?? baseProblem(host, overlay, drive));
    }
  }
}

/**
 * Determines from the files alone whether an overlay (of `drive`) or a state-only image belongs to the recording. The
 * user may have deleted some of its snapshots, but it must not contain snapshots from another recording.
 */
export function belongsToRecording(
  host: Host,
  path: string,
  { header }: RecordingReader,
  drive?: RecordedDrive,
): boolean {
  const isOfOther = (image: Qcow2Image, snapshot: SnapshotKey): boolean => {
    const first = recordingOf(image.snapshots.open(snapshot));
    return first !== undefined && first !== header.rrsnapshot;
  };
  const isKeeper = withImage(
    host,
    path,
    (image) =>
      image.lengthBytes === (drive?.lengthBytes ?? 0) &&
      !image.snapshots.list.some((snapshot) => isOfOther(image, snapshot)),
  );
  return isKeeper && (drive === undefined || isBasedOnImage(host, path, drive));
}

function isBasedOnImage(host: Host, overlay: string, { image }: RecordedDrive): boolean {
  const base = backingOf(host, overlay);
  return base !== undefined && host.files.identity(base.path) === host.files.identity(image);
}

/** The reason why an image cannot contain the recording's first snapshot; undefined if it can. */
function firstSnapshotProblem(
  image: Qcow2Image,
  { reader, lengthBytes, first }: { reader: RecordingReader; lengthBytes: number; first: boolean },
): string | undefined {
  const name = reader.header.rrsnapshot;
  const entry = image.snapshots.list.find((snapshot) => snapshot.name === name && (snapshot.icount ?? 0) === 0);
  if (!entry) {
    // If an earlier build was killed before it took the first snapshot, the replay of its recording starts at power-on.
    const wasTaken = !reader.entriesFrom(0, ['snapshot']).next().done;
    if (wasTaken || image.snapshots.list.length > 0) return otherRecordingReasons.noFirstSnapshot(name);
    return image.lengthBytes === lengthBytes ? undefined : otherRecordingReasons.size();
  }
  const view = image.snapshots.open(entry);
  if (view.disk.lengthBytes !== lengthBytes) return otherRecordingReasons.size();
  if (view.allocatedRanges().length > 0) return otherRecordingReasons.snapshotNotBase(name);
  if (!first) return undefined;
  const recording = recordingOf(view);
  const isOurs = isBlkreplayState(view) && (recording === undefined || recording === name);
  return isOurs ? undefined : otherRecordingReasons.snapshotNotMachine(name);
}

/**
 * The reason why the overlay's base is not the drive's base; undefined if it is. A moved base is accepted if it has the
 * same contents.
 */
function baseProblem(host: Host, overlay: string, drive: RecordedDrive): string | undefined {
  const base = backingOf(host, overlay);
  if (!base) return otherRecordingReasons.noBase();
  if (isBasedOnImage(host, overlay, drive)) return undefined;
  if (!host.files.exists(base.path)) return otherRecordingReasons.otherBase(base.path);
  const disk = openDisk(host, base);
  try {
    return digestText(contentDigest(disk)) === drive.contentDigest
      ? undefined
      : otherRecordingReasons.otherBase(base.path);
  } finally {
    disk.close();
  }
}

/** If an image stores its own snapshots, the first snapshot has the image's original contents. */
function refuseOtherContent(host: Host, rrfile: string, drive: RecordedDrive, first: string): void {
  const { base } = openInitialDisk(host, drive, first);
  try {
    const isSame = digestText(contentDigest(base)) === drive.contentDigest;
    if (!isSame) throw baseChanged({ file: rrfile, drive: drive.id, image: drive.image });
  } finally {
    base.close();
  }
}

function throwProblem(rrfile: string, overlay: string, why: string | undefined): void {
  if (why !== undefined) throw overlayOfOtherRecording({ overlay, rrfile, why });
}

/** Opens the image without its backing file, which may be missing. */
function withImage<T>(host: Host, path: string, work: (image: Qcow2Image) => T): T {
  const file = host.files.open(path, { write: false, create: 'never' });
  try {
    return work(Qcow2Image.open(file, { writable: false, compression: host.compression }));
  } finally {
    file.close();
  }
}
