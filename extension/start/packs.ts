import type { PlatformPath } from 'node:path';
import { numbered } from '../configuration/paths.ts';
import { type RecordingInfo, replayOf } from '../overlays/recordingInfo.ts';

/** The output of `unpack PACK --json`: where the files of the recording are now. */
export interface Unpacked {
  rrfile: string;
  drives: { id: string; image: string; format: 'raw' | 'qcow2'; overlay: string | null }[];
}

/** A name for a new folder next to the pack: `boot` for `boot.pack`, or `boot-2` if `boot` exists. */
export function unusedFolder(path: PlatformPath, pack: string, exists: (file: string) => boolean): string {
  const { dir, name, ext } = path.parse(pack);
  const plain = path.join(dir, ext === '' ? `${name}-unpacked` : name);
  let folder = plain;
  for (let number = 2; exists(folder); number++) folder = numbered(path, plain, number);
  return folder;
}

/**
 * A launch configuration that replays an unpacked recording. The recording contains only the original names of its
 * files, so the configuration specifies the new names of the drives' files. It does not specify a kernel.
 */
export function unpackedReplay(info: RecordingInfo, { drives }: Unpacked, name: string) {
  const located = info.drives.map((drive) => {
    const found = drives.find(({ id }) => id === drive.id);
    return found ? { ...drive, image: found.image, format: found.format, overlay: found.overlay } : drive;
  });
  return replayOf({ ...info, drives: located }, name, () => false);
}
