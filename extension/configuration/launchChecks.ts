import type { LaunchConfiguration } from '../../debug-adapter/dap/launchConfiguration.ts';
import { fileMissing, overlayMissing, recordingMissing } from '../../debug-adapter/messages/extension.ts';
import { textFor, UserError } from '../../debug-adapter/messages/userError.ts';

/**
 * A problem that can be detected before the adapter starts. It includes the name of the affected setting, so that the
 * editor can show where the setting is.
 */
export interface Problem {
  message: string;
  /** The name of the setting, for example `drives[0].image`. */
  setting: string;
}

/** Finds the first required file that does not exist. The adapter's own parser validates the settings themselves. */
export function missingFiles(launch: LaunchConfiguration, exists: (file: string) => boolean): Problem | undefined {
  return requiredFiles(launch).find(({ file }) => !exists(file));
}

/**
 * The problem that would make the debug adapter reject a launch configuration. An error that does not name a setting is
 * a conflict between two drives, and is shown at `drives`.
 */
export function refusedSetting(error: unknown): Problem {
  if (!(error instanceof UserError)) return { message: String(error), setting: '' };
  const { setting } = error.fields;
  return { message: textFor(error, 'editor'), setting: typeof setting === 'string' ? setting : 'drives' };
}

function requiredFiles(launch: LaunchConfiguration): (Problem & { file: string })[] {
  const isReplay = launch.rr === 'replay';
  return [
    ...(isReplay
      ? [{ setting: 'rrfile', file: launch.rrfile, message: recordingMissing({ file: launch.rrfile }) }]
      : []),
    ...bootFiles(launch).map(([setting, file]) => ({ setting, file, message: fileMissing({ setting, file }) })),
    ...launch.drives.flatMap(({ image, overlay }, i) => [
      {
        setting: `drives[${i}].image`,
        file: image,
        message: fileMissing({ setting: `drives[${i}].image`, file: image }),
      },
      ...(isReplay && overlay ? [missingOverlay(`drives[${i}].overlay`, overlay)] : []),
    ]),
  ];
}

/** The symbol files and, unless this is a replay, the boot files. A replay takes its boot files from the recording. */
function bootFiles(launch: LaunchConfiguration): [setting: string, file: string][] {
  const { rr, kernel, initrd, load, dtb, symbols } = launch;
  const bios = launch.bios === 'none' || launch.bios === 'builtin' ? null : launch.bios;
  const booted = rr === 'replay' ? {} : { kernel, bios, initrd, dtb };
  const single = Object.entries(booted).flatMap(([setting, file]): [string, string][] =>
    file === null ? [] : [[setting, file]],
  );
  const loaded = rr === 'replay' ? [] : load.map(({ file }, i): [string, string] => [`load[${i}]`, file]);
  return [...single, ...loaded, ...symbols.map(({ file }, i): [string, string] => [`symbols[${i}]`, file])];
}

function missingOverlay(setting: string, file: string): Problem & { file: string } {
  return { setting, file, message: overlayMissing({ setting, file }) };
}
