import type { Host } from '../base/host.ts';
import { overlayExists, overlayIsImage, recordingExists, recordingIsInput } from '../../messages/drives.ts';
import { namesOfBootFiles } from './bootFiles.ts';
import { refuseBrokenLink, refuseOtherKind } from './files/ownFile.ts';
import { hasInternalSnapshots } from './internalSnapshots.ts';
import { filesOfDisk } from './openDisk.ts';
import { stateFileOf } from './sessionOptions.ts';
import type { LiveSetup } from './sessionOptions.ts';

export interface WriteTargets {
  overlays: readonly string[];
  /** Images that store their own snapshots. They already exist and are not replaced. */
  images: readonly string[];
  /** The recording, and its state-only image if it has one. */
  recording: readonly string[];
}

export function writeTargets(setup: LiveSetup, rrfile: string | undefined): WriteTargets {
  const overlayPaths = (inPlace: boolean) =>
    setup.drives.flatMap((drive) =>
      drive.overlay === null || hasInternalSnapshots(drive) !== inPlace ? [] : [drive.overlay],
    );
  const written = { overlays: overlayPaths(false), images: overlayPaths(true) };
  if (rrfile === undefined) return { ...written, recording: [] };
  return { ...written, recording: needsStateFile(setup) ? [rrfile, stateFileOf(rrfile)] : [rrfile] };
}

/** Whether a state-only image is needed. Without a writable drive, no overlay can store the machine state. */
export const needsStateFile = ({ drives }: LiveSetup): boolean => drives.every(({ readOnly }) => readOnly);

/**
 * Checks the files that a live session will write, before anything is changed. None of them may be a file that the
 * session reads (a base or its backing files, the kernel, console input) or another file to be written, even under a
 * different path. An existing file is rejected unless `overwrite` is set. Even then, the file must be writable and must
 * have been created by blkreplay. Throws a UserError.
 */
export function checkWriteTargets(host: Host, setup: LiveSetup, { overlays, images, recording }: WriteTargets): void {
  const taken = new Set(filesRead(host, setup).map((path) => host.files.identity(path)));
  const claim = (path: string, refusal: (path: string) => Error): void => {
    const identity = host.files.identity(path);
    if (taken.has(identity)) throw refusal(path);
    taken.add(identity);
  };
  for (const path of [...recording, ...overlays]) refuseBrokenLink(host, path);
  for (const path of recording) claim(path, recordingIsInput);
  for (const path of [...overlays, ...images]) claim(path, overlayIsImage);
  checkWritable(host, images);
  const existing = (paths: readonly string[]) => paths.filter((path) => host.files.exists(path));
  if (setup.overwrite) {
    checkWritable(host, existing([...recording, ...overlays]));
    const [rrfile, ...states] = recording;
    if (rrfile !== undefined) refuseOtherKind(host, rrfile, 'recording');
    for (const path of states) refuseOtherKind(host, path, 'state');
    for (const path of overlays) refuseOtherKind(host, path, 'overlay');
    return;
  }
  const [overlay] = existing([...overlays, ...recording.slice(1)]);
  if (overlay !== undefined) throw overlayExists(overlay);
  if (existing(recording).length > 0) throw recordingExists(recording[0]);
}

/** Checks all files before any is truncated, in case one of them turns out to be a folder. */
function checkWritable(host: Host, paths: readonly string[]): void {
  for (const path of paths) host.files.open(path, { write: true, create: 'never' }).close();
}

function filesRead(host: Host, setup: LiveSetup): string[] {
  const disks = setup.drives.flatMap((drive) => {
    const files = filesOfDisk(host, { path: drive.image, format: drive.format });
    return hasInternalSnapshots(drive) ? files.slice(1) : files;
  });
  return [...namesOfBootFiles(setup), ...setup.otherInputs, ...disks];
}
