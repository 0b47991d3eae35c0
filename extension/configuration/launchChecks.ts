import type { LaunchConfiguration } from '../../debug-adapter/dap/launchConfiguration.ts';
import { fileMissing, overlayMissing, recordingMissing } from '../messages.ts';

/**
 * What can be said before anything starts, with the setting it is about, so that the editor can show the place. The
 * settings themselves are checked by the adapter's own parser; this adds the files that must be there.
 */
export interface Problem {
  message: string;
  /** As in `drives[0].image`. */
  setting: string;
}

export function missingFiles(launch: LaunchConfiguration, exists: (file: string) => boolean): Problem | undefined {
  return mustExist(launch).find(({ file }) => !exists(file));
}

/** Of a sentence of the adapter's: it names the setting first, in quotes. */
export function settingNamed(message: string): string {
  return /"([^"]+)"/.exec(message)?.[1] ?? '';
}

function mustExist(launch: LaunchConfiguration): (Problem & { file: string })[] {
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

/** A replay has its boot files in the recording. */
function bootFiles(launch: LaunchConfiguration): [setting: string, file: string][] {
  const { rr, kernel, initrd, load, dtb, symbols } = launch;
  const bios = launch.bios === 'none' || launch.bios === 'builtin' ? null : launch.bios;
  const booted = rr === 'replay' ? {} : { kernel, bios, initrd, dtb };
  const single = Object.entries(booted).flatMap(([setting, file]): [string, string][] =>
    file === null ? [] : [[setting, file]],
  );
  const loaded = rr === 'replay' ? [] : load.map(({ file }, i): [string, string] => [`load[${i}]`, file]);
  return [...single, ...loaded, ...symbols.map((file, i): [string, string] => [`symbols[${i}]`, file])];
}

function missingOverlay(setting: string, file: string): Problem & { file: string } {
  return { setting, file, message: overlayMissing({ setting, file }) };
}
