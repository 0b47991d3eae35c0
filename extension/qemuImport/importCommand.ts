import { posix } from 'node:path';
import { configurationNames } from '../../debug-adapter/messages/extension.ts';
import { qemuDifferences } from '../../debug-adapter/messages/qemuImport.ts';
import type { Configuration } from '../configuration/templates.ts';
import { biosSetting, reportMissingSymbols } from './bootOptions.ts';
import { Draft, type Difference, settingFile } from './draft.ts';
import { applyDiskFile } from './driveOptions.ts';
import { driveSettings } from './driveSettings.ts';
import type { QemuCommand } from './findCommands.ts';
import { OPTION_BY_NAME } from './optionTable.ts';
import { onlyUnknown, shownWord, unknownNames } from './unknownParts.ts';

export interface ImportedCommand {
  configuration: Configuration;
  /** What differs from QEMU. */
  differences: Difference[];
}

/** Where the command was found, and the configurations whose names and files must not be reused. */
export interface ImportContext {
  /** The base folder for file names in the command, as a path relative to the workspace folder. */
  folder: string;
  /** The configurations that launch.json already contains. */
  existing: readonly { name?: unknown; rrfile?: unknown }[];
}

/**
 * Makes a launch configuration that records the machine that a QEMU command starts. Every option is imported, has no
 * effect in blkreplay, or is listed in `differences`. The configuration is valid (`parseLaunch`), but its files may not
 * exist yet.
 */
export function importQemuCommand(command: QemuCommand, { folder, existing }: ImportContext): ImportedCommand {
  const draft = new Draft(folder);
  if (command.is32Bit) draft.report('qemu-system-riscv32', qemuDifferences.is32Bit());
  applyOptions(draft, command.options);
  reportMissingFiles(draft, command);
  if (draft.board === undefined) draft.report('-machine', qemuDifferences.boardMissing());
  reportMissingSymbols(draft);
  const bios = biosSetting(draft);
  const { kernel = missingKernel(draft, bios), initrd, append, dtb, memory, harts, ...others } = draft.settings;
  const { name, file } = uniqueName(programName(kernel ?? bios ?? draft.load[0]), existing);
  const drives = driveSettings(draft, (id) => `${OUTPUT}/${file}-${id}.qcow2`);
  const settings = {
    ...{ kernel, bios, initrd, append, dtb },
    load: draft.load.length > 0 ? draft.load : undefined,
    ...{ memory, harts, drives: drives.length > 0 ? drives : undefined },
    ...others,
  };
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const configuration: Configuration = {
    ...{ type: 'blkreplay', request: 'launch', name, rr: 'record', rrfile: `${OUTPUT}/${file}.rr` },
    ...given,
  };
  return { configuration, differences: draft.differences };
}

/** Where recordings and overlays are written. */
const OUTPUT = '${workspaceFolder}/.blkreplay';

function applyOptions(draft: Draft, words: readonly string[]): void {
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const unknown = onlyUnknown(word);
    if (unknown !== undefined) reportUnknown(draft, unknown);
    else if (!/^-./.test(word)) applyDiskFile(draft, word, word);
    else {
      const option = OPTION_BY_NAME.get(word.replace(/^--?/, ''));
      const next = words[i + 1];
      const hasValue = option ? option.hasValue && next !== undefined : next !== undefined && !/^-/.test(next);
      if (hasValue) i++;
      const text = hasValue ? `${word} ${next}` : word;
      if (!option) draft.report(text, qemuDifferences.unknownOption());
      else if (option.hasValue && !hasValue) draft.report(text, qemuDifferences.valueMissing());
      else option.apply?.(draft, hasValue ? next : '', text);
    }
  }
}

/**
 * If the command contains unknown values, reports the files that could not be included, because they may define these
 * values.
 */
function reportMissingFiles(draft: Draft, { options, missingFiles = [] }: QemuCommand): void {
  if (!options.some((word) => unknownNames(word).length > 0)) return;
  for (const file of missingFiles) draft.report(`include ${shownWord(file)}`, qemuDifferences.includeMissing());
}

/** Reports an unknown value in place of an option. `$@` and the like are not reported: they can be empty. */
function reportUnknown(draft: Draft, name: string): void {
  if (!name.startsWith('$')) draft.report(`$(${name})`, qemuDifferences.unknownOptions(name));
}

/** A placeholder if there is nothing to boot: this machine cannot boot from a disk or flash alone. */
function missingKernel(draft: Draft, bios: string | undefined): string | undefined {
  const isBootable = draft.load.length > 0 || (bios !== undefined && bios !== 'none' && bios !== 'builtin');
  if (isBootable) return undefined;
  draft.report('-kernel', qemuDifferences.noBootFile());
  return settingFile(draft.folder, '<kernel>');
}

/** The file's name without its folder and extension, for use in file names and in the configuration's name. */
function programName(file: string): string {
  const name = posix.parse(shownWord(file).replace(/^<\w+>(?=\/)/, '')).name.replaceAll(/[^\w.-]+/g, '');
  const shortened = name.replace(/^[.-]+/, '').slice(0, NAME_LENGTH_MAX);
  return /[A-Za-z]/.test(shortened) ? shortened : 'qemu';
}

const NAME_LENGTH_MAX = 60;

/** A name for the configuration and its files that no other configuration uses. */
function uniqueName(program: string, existing: ImportContext['existing']): { name: string; file: string } {
  for (let number = 1; ; number++) {
    const file = number === 1 ? program : `${program}-${number}`;
    const name = configurationNames.record(file);
    const isTaken = existing.some(
      (one) => one.name === name || (typeof one.rrfile === 'string' && one.rrfile.endsWith(`/${file}.rr`)),
    );
    if (!isTaken) return { name, file };
  }
}
