import type { PlatformPath } from 'node:path';
import { kernelSetting } from '../../debug-adapter/dap/launchConfiguration.ts';
import type { DriveOverview, Overview, SnapshotOverview } from '../../debug-adapter/dap/customProtocol.ts';
import { AUTOMATIC_PREFIX } from '../../debug-adapter/engine/limits.ts';
import { configurationNames } from '../../debug-adapter/messages/extension.ts';

/**
 * The output of `info RRFILE --json`: an overview in the format that sessions use, and the start options from the
 * recording's header.
 */
export interface RecordingInfo {
  overview: Overview;
  /** The name of the snapshot at which replays start. */
  rrsnapshot: string;
  /**
   * The kernel's path as the user specified it for the recording. If the path is relative, the recording does not say
   * which folder it is relative to.
   */
  kernel: string | null;
  bios: string | null;
  initrd: string | null;
  drives: RecordedDrive[];
  files: RecordedFile[];
  details: RecordedDetails;
}

/** What the header and the end of a recording say about the run. */
export interface RecordedDetails {
  blkreplayVersion: string;
  memoryBytes: number;
  harts: number;
  /** The kernel command line; empty if there is none. */
  append: string;
  /** False if the recording process was killed before it could complete the file. */
  isComplete: boolean;
  lastPosition: number;
  /** Why the run ended, and the guest's exit code; null if the recording is not complete. */
  end: { reason: string; guestExit: number | null } | null;
}

interface RecordedDrive {
  id: string;
  image: string;
  format: 'raw' | 'qcow2';
  /** The path of the overlay or, if the recorded session wrote directly to the image, of the image. */
  overlay: string | null;
  readOnly: boolean;
  slot: number;
  virtio: 'modern' | 'legacy';
}

/** A file that the recording refers to. */
interface RecordedFile {
  path: string;
  kind: 'recording' | 'overlay' | 'state' | 'image';
  /** Whether the command line has verified that blkreplay created the file for this recording. */
  isOwn: boolean;
}

interface InfoOutput {
  blkreplayVersion: string;
  machine: { memoryBytes: number; harts: number };
  append: string;
  complete: boolean;
  end: RecordedDetails['end'];
  lastPosition: number;
  rrsnapshot: string;
  bootFiles: { role: 'kernel' | 'bios' | 'initrd' | 'load' | 'dtb'; name: string }[];
  drives: (RecordingInfo['drives'][number] & { lengthBytes: number; chain?: DriveOverview['chain'] })[];
  stateFile: string | null;
  files: RecordedFile[];
  /** If the image with the snapshots is missing, only their names and positions are known, from the recording. */
  snapshots: { id?: string; name: string; position: number }[];
  deletedSnapshots: number;
}

export function readInfo(json: string, rrfile: string): RecordingInfo {
  const output = JSON.parse(json) as InfoOutput;
  const bootFile = (role: string) => output.bootFiles.find((file) => file.role === role)?.name ?? null;
  return {
    ...{ kernel: bootFile('kernel'), bios: bootFile('bios'), initrd: bootFile('initrd') },
    drives: output.drives.map(({ id, image, format, overlay, readOnly, slot, virtio }) => {
      return { id, image, format, overlay, readOnly, slot, virtio };
    }),
    rrsnapshot: output.rrsnapshot,
    files: output.files,
    details: {
      blkreplayVersion: output.blkreplayVersion,
      ...{ memoryBytes: output.machine.memoryBytes, harts: output.machine.harts, append: output.append },
      ...{ isComplete: output.complete, lastPosition: output.lastPosition, end: output.end },
    },
    overview: overviewOf(output, rrfile),
  };
}

function overviewOf(output: InfoOutput, rrfile: string): Overview {
  const end = output.lastPosition;
  return {
    place: { rr: 'replay', position: 0, start: 0, end, isRunning: false, isPast: true },
    rrfile,
    drives: output.drives.map(({ id, image, format, overlay, readOnly, lengthBytes, chain }) => ({
      ...{ id, isReadOnly: readOnly, isTemporary: !readOnly && overlay === null },
      // The chain is empty if the disk does not exist.
      chain: chain?.length ? chain : [{ file: overlay ?? image, format, fileBytes: 0, virtualBytes: lengthBytes }],
    })),
    stateFile: output.stateFile,
    deletedSnapshots: output.deletedSnapshots,
    snapshots: output.snapshots.map(({ id, name, position, ...more }): SnapshotOverview => {
      return {
        id: id ?? name,
        name,
        position,
        date: '',
        isAutomatic: name.startsWith(AUTOMATIC_PREFIX),
        stateBytes: 0,
        ...more,
      };
    }),
  };
}

/**
 * Returns a function that makes file names absolute. A relative name is resolved against each of `folders` and their
 * parent folders. If no file is found there, the function looks for the base name in the last folder, because a
 * recording may come from another computer.
 */
export function fileResolver(path: PlatformPath, folders: readonly string[], exists: (file: string) => boolean) {
  return (name: string): string => {
    const upwards = folders.flatMap((folder) => withParents(path, folder));
    const last = name.split(/[\\/]/).at(-1)!;
    const candidates = [...upwards.map((folder) => path.resolve(folder, name)), path.resolve(folders.at(-1)!, last)];
    return candidates.find(exists) ?? path.resolve(folders[0], name);
  };
}

/**
 * Guesses the base folder of the relative names in a recording, because the recording does not store it. Of `folders`
 * and their parent folders, returns the one in which most of the names exist; if several are equally good, returns the
 * first of them.
 */
export function baseFolder(
  path: PlatformPath,
  { files }: Pick<RecordingInfo, 'files'>,
  folders: readonly string[],
  exists: (file: string) => boolean,
): string {
  const names = files.flatMap((file) => (file.kind === 'recording' || path.isAbsolute(file.path) ? [] : [file.path]));
  const existingCount = (folder: string) => names.filter((name) => exists(path.resolve(folder, name))).length;
  const candidates = folders.flatMap((folder) => withParents(path, folder));
  return candidates.reduce((best, place) => (existingCount(place) > existingCount(best) ? place : best));
}

function withParents(path: PlatformPath, folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...withParents(path, parent)];
}

/**
 * A launch configuration that replays the recording. If the kernel file still exists, the configuration specifies it,
 * so that its symbols are used. If the recorded session wrote directly to an image, the configuration specifies the
 * snapshot in the image at which the replay starts, and no overlay.
 */
export function replayOf(
  info: RecordingInfo,
  name: string,
  exists: (file: string) => boolean,
  resolveFile = (file: string) => file,
) {
  const kernel = info.kernel === null ? undefined : resolveFile(info.kernel);
  const isInPlace = ({ image, overlay }: RecordedDrive) => overlay === image;
  const drives = info.drives.map((drive) => {
    const { id, image, format, overlay, readOnly, slot, virtio } = drive;
    return {
      ...{ id, image: resolveFile(image), format, slot },
      ...(overlay && !isInPlace(drive) ? { overlay: resolveFile(overlay) } : {}),
      ...(readOnly ? { readOnly } : {}),
      ...(virtio === 'legacy' ? { virtio } : {}),
    };
  });
  return {
    ...{ type: 'blkreplay', request: 'launch', name: configurationNames.replay(name), rr: 'replay' },
    ...{ rrfile: info.overview.rrfile, drives, stopOnEntry: true },
    ...(info.drives.some(isInPlace) ? { rrsnapshot: info.rrsnapshot } : {}),
    ...(kernel && exists(kernel) ? { kernel: kernelSetting(kernel) } : {}),
  };
}

/**
 * The files that belong to a recording: the recording itself, and those overlays and state files for which blkreplay
 * has verified that they belong to this recording.
 */
export function filesOf(info: RecordingInfo, resolveFile: (file: string) => string): string[] {
  const { rrfile } = info.overview;
  const own = info.files.filter(({ isOwn }) => isOwn);
  return own.map(({ path, kind }) => (kind === 'recording' && rrfile !== null ? rrfile : resolveFile(path)));
}
