import { posix } from 'node:path';
import { qemuDifferences } from '../../debug-adapter/messages/qemuImport.ts';
import type { KeyValues } from './keyValues.ts';
import { shownWord, unknownNames } from './unknownParts.ts';

/** An option that works differently than in QEMU, and the difference. */
export interface Difference {
  /** The option as written on the command line. */
  option: string;
  difference: string;
}

/** A drive, or a node of a disk's block layer (`-blockdev`), that is not yet assigned to a device. */
export interface DriveSource {
  option: string;
  values: KeyValues;
}

/** A `-device` option. */
export interface DeviceSource {
  option: string;
  driver: string;
  values: KeyValues;
}

/**
 * What the options of a QEMU command have set so far. The functions in the option table fill it in, and
 * `importQemuCommand` makes a launch configuration from it.
 */
export class Draft {
  /** The folder of the command, relative to the workspace folder; empty for the workspace folder. */
  readonly folder: string;
  /** Settings with the same meaning in QEMU and launch.json. */
  readonly settings: DraftSettings = {};
  readonly load: string[] = [];
  board: string | undefined;
  /** Undefined if the command has no `-bios`. */
  bios: string | undefined;
  /** The file name on the command line, from which the kind of the file is guessed. */
  kernelFile: string | undefined;
  /** QEMU's default for the virtio-mmio transport is version 1. */
  isLegacyVirtio = true;
  isSnapshot = false;
  hasSerial = false;
  readonly drives: DriveSource[] = [];
  readonly nodes = new Map<string, DriveSource>();
  readonly devices: DeviceSource[] = [];
  readonly differences: Difference[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  report(option: string, difference: string): void {
    const shown = shortened(shownWord(option));
    const isNew = !this.differences.some((one) => one.option === shown && one.difference === difference);
    if (isNew) this.differences.push({ option: shown, difference });
  }

  /** A file name in the form that launch.json requires. Parts whose values are unknown are reported. */
  file(option: string, file: string): string {
    return settingFile(this.folder, this.text(option, file));
  }

  /** Text in the form that launch.json requires. Parts whose values are unknown are reported. */
  text(option: string, text: string): string {
    const names = unknownNames(text);
    if (names.length > 0) this.report(option, qemuDifferences.unknownValue(names));
    return shownWord(text);
  }
}

export interface DraftSettings {
  kernel?: string;
  initrd?: string;
  append?: string;
  dtb?: string;
  memory?: string;
  harts?: number;
  rng?: true;
  semihosting?: true;
  noReboot?: true;
  gdbServer?: number | string;
  stopOnEntry?: true;
}

/** A path relative to the command's folder, in launch.json's notation. */
export function settingFile(folder: string, file: string): string {
  if (file.startsWith('~/')) return '${userHome}/' + file.slice(2);
  if (file.startsWith('/') || /^[A-Za-z]:[\\/]/.test(file)) return file;
  return '${workspaceFolder}/' + posix.join(folder, file);
}

const OPTION_LENGTH_MAX = 100;
const shortened = (text: string) =>
  text.length > OPTION_LENGTH_MAX ? `${text.slice(0, OPTION_LENGTH_MAX - 1)}…` : text;
