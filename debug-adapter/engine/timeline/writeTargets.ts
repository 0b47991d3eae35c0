import type { Host } from '../base/host.ts';
import { overlayExists, overlayIsImage, recordingExists, recordingIsInput } from '../errors/drives.ts';
import { isNoFile } from './bootFiles.ts';
import { filesOfDisk } from './openDisk.ts';
import { stateFileOf } from './sessionOptions.ts';
import type { LiveSetup } from './sessionOptions.ts';

/**
 * The files that a live session empties and writes, checked before anything is touched: none of them is a file that the
 * session reads (a base, what that stands on, the kernel, what is typed), none is another of them, whatever path it is
 * named by, and none exists unless `overwrite` says so, and then it is a file that can be written.
 */
export interface WriteTargets {
  overlays: readonly string[];
  /** The recording, and its state-only image when it has one. */
  recording: readonly string[];
}

export function writeTargets(setup: LiveSetup, rrfile: string | undefined): WriteTargets {
  const overlays = setup.drives.flatMap(({ overlay }) => (overlay === null ? [] : [overlay]));
  if (rrfile === undefined) return { overlays, recording: [] };
  return { overlays, recording: needsStateFile(setup) ? [rrfile, stateFileOf(rrfile)] : [rrfile] };
}

/** Without a writable drive no overlay can keep the machine's state. */
export const needsStateFile = ({ drives }: LiveSetup): boolean => drives.every(({ readOnly }) => readOnly);

export function checkWriteTargets(host: Host, setup: LiveSetup, { overlays, recording }: WriteTargets): void {
  const taken = new Set(filesRead(host, setup).map((path) => host.files.identity(path)));
  const claim = (path: string, refusal: (path: string) => Error): void => {
    const identity = host.files.identity(path);
    if (taken.has(identity)) throw refusal(path);
    taken.add(identity);
  };
  for (const path of recording) claim(path, recordingIsInput);
  for (const path of overlays) claim(path, overlayIsImage);
  const existing = (paths: readonly string[]) => paths.filter((path) => host.files.exists(path));
  if (setup.overwrite) return refuseUnwritable(host, existing([...recording, ...overlays]));
  const [overlay] = existing([...overlays, ...recording.slice(1)]);
  if (overlay !== undefined) throw overlayExists(overlay);
  if (existing(recording).length > 0) throw recordingExists(recording[0]);
}

/** So that the first is not emptied when the second turns out to be a folder. */
function refuseUnwritable(host: Host, paths: readonly string[]): void {
  for (const path of paths) host.files.open(path, { write: true, create: 'never' }).close();
}

function filesRead(host: Host, { kernel, bios, initrd, otherInputs, drives }: LiveSetup): string[] {
  const disks = drives.flatMap(({ image, format }) => filesOfDisk(host, { path: image, format }));
  const firmware = bios === null || isNoFile(bios) ? [] : [bios];
  return [kernel, ...firmware, ...(initrd === null ? [] : [initrd]), ...otherInputs, ...disks];
}
