import type { PlatformPath } from 'node:path';
import type { LaunchConfiguration } from '../../debug-adapter/dap/launchConfiguration.ts';
import { numbered } from './paths.ts';

type Exists = (file: string) => boolean;
type LaunchOutputs = Pick<LaunchConfiguration, 'rr' | 'rrfile' | 'drives'>;

/**
 * The absolute paths of the existing files that the launch would replace. If the list is empty, there is nothing to
 * ask.
 */
export function existingOutputs(launch: LaunchOutputs, exists: Exists): string[] {
  return outputsOf(launch).filter(exists);
}

/**
 * Chooses new names so that both the old and the new files are kept. The recording and all its overlays get the same
 * unused number, so that their names show that they belong together. `changes` are settings to apply to `given`, the
 * user's configuration; `files` are the resulting absolute paths.
 */
export function keepBoth(
  path: PlatformPath,
  given: { [setting: string]: unknown },
  launch: LaunchOutputs,
  exists: Exists,
): { changes: object; files: string[] } {
  let number = 2;
  while (outputsOf(renumbered(path, launch, number)).some(exists)) number++;
  return {
    changes: renamedSettings(path, given, number),
    files: outputsOf(renumbered(path, launch, number)),
  };
}

/**
 * The newest numbered recording next to the one that the launch replays, such as `boot-3.rr` for `boot.rr`. `changes`
 * are the settings to change so that the session replays this recording. Undefined if there is no newer recording with
 * all its overlays.
 */
export function laterRecording(
  path: PlatformPath,
  given: { [setting: string]: unknown },
  launch: LaunchOutputs,
  modifiedMs: (file: string) => number | undefined,
): { changes: object; rrfile: string } | undefined {
  const recorded: LaunchOutputs = { ...launch, rr: 'record' };
  let newest = { number: 0, ms: modifiedMs(launch.rrfile) ?? Infinity };
  for (let number = 2; modifiedMs(numbered(path, launch.rrfile, number)) !== undefined; number++) {
    const files = outputsOf(renumbered(path, recorded, number));
    const ms = modifiedMs(files[0])!;
    if (ms > newest.ms && files.every((file) => modifiedMs(file) !== undefined)) newest = { number, ms };
  }
  const { number } = newest;
  return number === 0
    ? undefined
    : { changes: renamedSettings(path, given, number), rrfile: renumbered(path, recorded, number).rrfile };
}

function renamedSettings(path: PlatformPath, given: { [setting: string]: unknown }, number: number): object {
  const rename = (value: unknown) => (typeof value === 'string' ? numbered(path, value, number) : value);
  const drives = Array.isArray(given.drives) ? given.drives.map((drive) => renameIn(drive, 'overlay', rename)) : [];
  return { ...renameIn(given.rrfile ? { rrfile: given.rrfile } : {}, 'rrfile', rename), drives };
}

function renameIn<T extends object>(settings: T, key: keyof T, rename: (value: unknown) => unknown): T {
  return settings[key] ? { ...settings, [key]: rename(settings[key]) } : settings;
}

function renumbered(path: PlatformPath, launch: LaunchOutputs, number: number): LaunchOutputs {
  const drives = launch.drives.map((drive) => ({
    ...drive,
    overlay: drive.overlay && numbered(path, drive.overlay, number),
  }));
  return { rr: launch.rr, rrfile: launch.rrfile && numbered(path, launch.rrfile, number), drives };
}

function outputsOf({ rr, rrfile, drives }: LaunchOutputs): string[] {
  if (rr === 'replay') return [];
  const overlays = drives.flatMap(({ overlay }) => overlay ?? []);
  if (rr === 'off') return overlays;
  // Without a writable drive, snapshots are stored in a file next to the recording.
  const stateFiles = drives.some(({ readOnly }) => !readOnly) ? [] : [`${rrfile}.qcow2`];
  return [rrfile, ...overlays, ...stateFiles];
}
