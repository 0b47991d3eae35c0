import type { DriveOptions, SourceMapEntry, SymbolsSetting } from '../engine/index.ts';
import { launchBadSetting, launchDrivesShare, launchSettingMissing, settingMeanings } from '../messages/dap.ts';
import * as limits from '../engine/limits.ts';
import { isRecord } from './arguments.ts';
import type { GdbSocketAddress } from './gdbServerHost.ts';
import { expected } from '../messages/expected.ts';

/** A launch configuration after validation, with absolute paths. */
export interface LaunchConfiguration {
  rr: 'record' | 'replay' | 'off';
  rrfile: string;
  rrsnapshot: string | null;
  kernel: string | null;
  /** The load address of a kernel that is not an ELF file. */
  kernelAddress: number | null;
  bios: string | null;
  initrd: string | null;
  load: limits.FileAtAddress[];
  dtb: string | null;
  append: string | null;
  memoryBytes: number | null;
  harts: number | null;
  idle: 'warp' | 'realtime';
  overwrite: 'keepBoth' | 'ask' | 'always' | 'never';
  /** Where the guest's console is shown. */
  console: 'debugConsole' | 'terminal';
  /** Where gdb can connect to the session. */
  gdbServer: GdbSocketAddress | null;
  stopOnEntry: boolean;
  /** The position to go to at the start of a replay; null for none. */
  startPosition: number | null;
  noDebug: boolean;
  drives: DriveOptions[];
  rng: boolean;
  rngSeed: string | null;
  noReboot: boolean;
  semihosting: boolean;
  /** Symbol files in addition to the boot files. */
  symbols: SymbolsSetting[];
  /** The folders to search for debug information that is not in the program's own folder. */
  symbolPaths: string[];
  /** The source folders on the computer that built the program, each with the corresponding folder on this computer. */
  sourceMap: SourceMapEntry[];
  /** The natvis files, which define how values of some types are shown. */
  visualizerFiles: string[];
  /** The natvis files in the `.vscode` folders of a trusted workspace. The extension provides this setting. */
  workspaceVisualizerFiles: string[];
  /** Whether indexes of large symbol files are kept in the user's cache folder. */
  symbolCache: boolean;
  /** The memory for cached snapshots; null for the default. */
  snapshotMemoryBytes: number | null;
  /** The disk space for automatic snapshots; null for the default. */
  snapshotSpaceBytes: number | null;
  /** A guest panic is a call to one of these functions, or the output of one of these strings on the console. */
  panicFunctions: string[];
  panicTexts: string[];
  cwd: string;
}

/**
 * Returns the absolute path of `file`, which may be relative to `folder`. If `folder` is empty, the path is relative to
 * the current folder.
 */
export type ResolvePath = (folder: string, file: string) => string;

/**
 * Validates a launch configuration and makes its paths absolute. Each error message is one sentence that names the
 * setting. Unknown settings are ignored, because the editor adds some.
 */
export function parseLaunch(input: unknown, resolvePath: ResolvePath): LaunchConfiguration {
  const root = isRecord(input) ? input : {};
  const currentFolder = resolvePath('', '.');
  const folder = new Settings(root, '', (file) => resolvePath(currentFolder, file));
  const folderOf = (name: string) => (folder.text(name) ? folder.file(name) : null);
  const cwd = folderOf('cwd') ?? folderOf('workspaceFolder') ?? currentFolder;
  const settings = new Settings(root, '', (file) => resolvePath(cwd, file));
  const rr = settings.word('rr', ['record', 'replay', 'off']) ?? 'record';
  settings.word('machine', ['virt']);
  const kernel = settings.placedFile('kernel');
  const configuration: LaunchConfiguration = {
    rr,
    rrfile: rr === 'off' ? '' : settings.need('rrfile', settings.file('rrfile'), settingMeanings.rrfile()),
    rrsnapshot: snapshotName(settings),
    kernel: kernel?.file ?? null,
    kernelAddress: kernel?.address ?? null,
    bios: bios(settings),
    initrd: settings.file('initrd'),
    load: load(settings),
    dtb: settings.file('dtb'),
    append: append(settings),
    memoryBytes: memoryBytes(settings),
    harts: harts(settings),
    idle: settings.word('idle', ['warp', 'realtime']) ?? 'realtime',
    overwrite: settings.word('overwrite', ['keepBoth', 'ask', 'always', 'never']) ?? 'ask',
    console: settings.word('console', ['debugConsole', 'terminal']) ?? 'debugConsole',
    gdbServer: gdbListenAddress(settings),
    stopOnEntry: settings.flag('stopOnEntry'),
    startPosition: startPosition(settings),
    noDebug: settings.flag('noDebug'),
    drives: settings.objects('drives').map(drive),
    rng: settings.flag('rng'),
    rngSeed: rngSeed(settings),
    noReboot: settings.flag('noReboot'),
    semihosting: settings.flag('semihosting'),
    symbols: symbols(settings),
    symbolPaths: settings.files('symbolPaths'),
    sourceMap: sourceMap(settings),
    visualizerFiles: settings.files('visualizerFiles'),
    workspaceVisualizerFiles: settings.files('workspaceVisualizerFiles'),
    symbolCache: settings.flag('symbolCache', true),
    snapshotMemoryBytes: snapshotMemoryBytes(settings),
    snapshotSpaceBytes: snapshotSpaceBytes(settings),
    panicFunctions: settings.texts('panicFunctions') ?? ['panic'],
    panicTexts: panicTexts(settings),
    cwd,
  };
  if (rr !== 'replay' && !bootsWithoutKernel(configuration)) {
    settings.need('kernel', configuration.kernel, settingMeanings.kernel());
  }
  checkDrives(configuration.drives, limits.driveCountMax(configuration.rng));
  return configuration;
}

/** A firmware file, or one of the keywords that `--bios` accepts on the command line. */
function bios(settings: Settings): string | null {
  const word = settings.text('bios');
  return word === 'none' || word === 'builtin' ? word : settings.file('bios');
}

/**
 * Writes a kernel's path in the `kernel` setting's syntax, in which `@` followed by a number is a load address.
 */
export const kernelSetting = limits.fileAtAddressText;

/** Whether a firmware file or loaded files can boot the machine without a kernel. */
const bootsWithoutKernel = ({ bios, load }: LaunchConfiguration): boolean =>
  (bios !== null && bios !== 'none' && bios !== 'builtin') || load.length > 0;

function load(settings: Settings): limits.FileAtAddress[] {
  const files = settings.placedFiles('load');
  return files.length <= limits.LOAD_FILES_MAX ? files : settings.bad('load', expected.atMost(limits.LOAD_FILES_MAX));
}

function drive(settings: Settings): DriveOptions {
  const id = settings.need('id', settings.text('id'), settingMeanings.driveId());
  if (!limits.isDriveId(id)) settings.bad('id', expected.driveId(limits.DRIVE_ID_LENGTH_MAX));
  const options: DriveOptions = {
    id,
    image: settings.need('image', settings.file('image'), settingMeanings.driveImage()),
    format: settings.need('format', settings.word('format', limits.DRIVE_FORMATS), settingMeanings.driveFormat()),
    overlay: settings.file('overlay'),
    readOnly: settings.flag('readOnly'),
    slot: settings.slot(),
    virtio: settings.word('virtio', limits.VIRTIO_VERSIONS) ?? undefined,
  };
  if (options.readOnly && options.overlay !== null) settings.bad('overlay', expected.noOverlayWhenReadOnly());
  return options;
}

function checkDrives(drives: readonly DriveOptions[], max: number): void {
  if (drives.length > max) {
    throw launchBadSetting({ setting: 'drives', value: drives.length, expected: expected.atMost(max) });
  }
  const shared = limits.sharedByDrives(drives);
  if (shared) throw launchDrivesShare({ first: shared.first.id, second: shared.second.id, what: shared.what });
}

function memoryBytes(settings: Settings): number | null {
  const text = settings.text('memory');
  if (text === null) return null;
  return limits.parseMemorySize(text) ?? settings.bad('memory', expected.memorySetting(limits.MEMORY_MIB));
}

function startPosition(settings: Settings): number | null {
  const position = settings.number('startPosition');
  const isValid = position === null || (Number.isSafeInteger(position) && position >= 0);
  return isValid ? position : settings.bad('startPosition', expected.position());
}

function snapshotMemoryBytes(settings: Settings): number | null {
  const text = settings.text('snapshotMemory');
  if (text === null) return null;
  const { SNAPSHOT_MEMORY_MIB } = limits;
  return (
    limits.parseSnapshotMemory(text) ?? settings.bad('snapshotMemory', expected.memorySetting(SNAPSHOT_MEMORY_MIB))
  );
}

function snapshotSpaceBytes(settings: Settings): number | null {
  const text = settings.text('snapshotSpace');
  if (text === null) return null;
  const { SNAPSHOT_SPACE_MIB } = limits;
  return limits.parseSnapshotSpace(text) ?? settings.bad('snapshotSpace', expected.spaceSetting(SNAPSHOT_SPACE_MIB));
}

function harts(settings: Settings): number | null {
  const count = settings.number('harts');
  if (count === null || limits.isHartCount(count)) return count;
  return settings.bad('harts', expected.numberBetween(1, limits.HARTS_MAX));
}

function gdbListenAddress(settings: Settings): GdbSocketAddress | null {
  const input = settings.value('gdbServer');
  if (input === null) return null;
  if (Number.isInteger(input) && Number(input) >= 0 && Number(input) <= limits.PORT_MAX) {
    return { kind: 'port', port: Number(input) };
  }
  const file = typeof input === 'string' ? /^unix:(.+)$/s.exec(input)?.[1] : undefined;
  if (file !== undefined) return { kind: 'unix', path: settings.resolve(file) };
  return settings.bad('gdbServer', expected.gdbSetting(limits.PORT_MAX));
}

function append(settings: Settings): string | null {
  const text = settings.text('append');
  if (text === null || limits.isAppend(text)) return text;
  return settings.bad('append', expected.append(limits.APPEND_LENGTH_MAX));
}

function rngSeed(settings: Settings): string | null {
  const seed = settings.text('rngSeed');
  if (seed === null || seed === 'none' || limits.isRngSeed(seed)) return seed;
  return settings.bad('rngSeed', expected.rngSeed());
}

function panicTexts(settings: Settings): string[] {
  const texts = settings.texts('panicTexts') ?? [];
  const isValid = (text: string) =>
    text !== '' && new TextEncoder().encode(text).length <= limits.CONSOLE_TEXT_BYTES_MAX;
  return texts.every(isValid)
    ? texts
    : settings.bad('panicTexts', expected.consoleTexts(limits.CONSOLE_TEXT_BYTES_MAX));
}

/** Parses `symbols`. Each entry is a file name, or an object with a file and its address. */
function symbols(settings: Settings): SymbolsSetting[] {
  const value = settings.value('symbols') ?? [];
  if (!Array.isArray(value)) return settings.bad('symbols', expected.symbolFiles());
  return value.map((item: unknown, i) => {
    const { file, offset, textAddress }: Record<string, unknown> = isRecord(item) ? item : { file: item };
    const addresses = [offset, textAddress].map((address) => (address === undefined ? undefined : addressOf(address)));
    const isValid = isFile(file) && !addresses.includes(null) && (offset === undefined || textAddress === undefined);
    if (!isValid) return settings.bad(`symbols[${i}]`, expected.symbolFiles());
    const [moved, text] = addresses as (bigint | undefined)[];
    return {
      file: settings.resolve(file as string),
      ...(moved !== undefined && { offset: moved }),
      ...(text !== undefined && { textAddress: text }),
    };
  });
}

/** A number, or a string such as "0xffffffff80000000"; null if it is neither. */
function addressOf(value: unknown): bigint | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt.asUintN(64, BigInt(value)) : null;
  const isNumber = typeof value === 'string' && /^-?(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(value);
  if (!isNumber) return null;
  const isNegative = value.startsWith('-');
  const magnitude = BigInt(isNegative ? value.slice(1) : value);
  return BigInt.asUintN(64, isNegative ? -magnitude : magnitude);
}

/** Parses `sourceMap`: an object whose keys are the folders in which the program was compiled. */
function sourceMap(settings: Settings): SourceMapEntry[] {
  const value = settings.value('sourceMap') ?? {};
  const isMap =
    isRecord(value) &&
    Object.entries(value).every(([from, to]) => from !== '' && limits.isFileName(from) && isFile(to));
  if (!isMap) return settings.bad('sourceMap', expected.sourceMap());
  return Object.entries(value).map(([from, to]) => ({ from, to: settings.resolve(to as string) }));
}

const isFile = (value: unknown): boolean => typeof value === 'string' && limits.isFileName(value);

function snapshotName(settings: Settings): string | null {
  const name = settings.text('rrsnapshot');
  if (name === null || limits.isUserSnapshotName(name)) return name;
  const { SNAPSHOT_NAME_BYTES_MAX, AUTOMATIC_PREFIX } = limits;
  return settings.bad('rrsnapshot', expected.snapshotName(SNAPSHOT_NAME_BYTES_MAX, AUTOMATIC_PREFIX));
}

/**
 * The settings in one JSON object; a setting that is null counts as absent. `prefix` precedes the setting's name in
 * messages, for example `drives[0].`.
 */
class Settings {
  private values: Record<string, unknown>;
  private prefix: string;
  readonly resolve: (file: string) => string;

  constructor(values: Record<string, unknown>, prefix: string, resolve: (file: string) => string) {
    this.values = values;
    this.prefix = prefix;
    this.resolve = resolve;
  }

  bad(name: string, expected: string): never {
    throw launchBadSetting({ setting: this.prefix + name, value: this.values[name], expected });
  }

  need<T>(name: string, value: T | null, what: string): T {
    if (value === null) throw launchSettingMissing({ setting: this.prefix + name, what });
    return value;
  }

  value(name: string): unknown {
    return this.values[name] ?? null;
  }

  text(name: string): string | null {
    const value = this.values[name] ?? null;
    return value === null || typeof value === 'string' ? value : this.bad(name, expected.text());
  }

  file(name: string): string | null {
    const value = this.text(name);
    if (value !== null && !limits.isFileName(value)) return this.bad(name, expected.fileName());
    return value === null ? null : this.resolve(value);
  }

  /** Parses `FILE@ADDRESS`, as on the command line. */
  placedFile(name: string): limits.FileAtAddress | null {
    const value = this.text(name);
    return value === null ? null : this.placed(name, value);
  }

  placedFiles(name: string): limits.FileAtAddress[] {
    const values = this.values[name] ?? [];
    if (!Array.isArray(values)) return this.bad(name, expected.files());
    return values.map((value, i) => this.placed(`${name}[${i}]`, value, value));
  }

  private placed(name: string, value: unknown, input = this.values[name]): limits.FileAtAddress {
    const parsed = typeof value === 'string' ? limits.parseFileAtAddress(value) : undefined;
    if (parsed && limits.isFileName(parsed.file)) return { ...parsed, file: this.resolve(parsed.file) };
    const form = value === '' ? expected.fileName() : expected.placedFile();
    throw launchBadSetting({ setting: this.prefix + name, value: input, expected: form });
  }

  files(name: string): string[] {
    const value = this.values[name] ?? [];
    if (!Array.isArray(value) || !value.every((file) => typeof file === 'string' && limits.isFileName(file))) {
      return this.bad(name, expected.files());
    }
    return value.map((file: string) => this.resolve(file));
  }

  texts(name: string): string[] | null {
    const value = this.values[name] ?? null;
    const isList = Array.isArray(value) && value.every((text) => typeof text === 'string');
    return value === null || isList ? value : this.bad(name, expected.texts());
  }

  flag(name: string, fallback = false): boolean {
    const value = this.values[name] ?? fallback;
    return typeof value === 'boolean' ? value : this.bad(name, expected.flag());
  }

  number(name: string): number | null {
    const value = this.values[name] ?? null;
    return value === null || typeof value === 'number' ? value : this.bad(name, expected.number());
  }

  word<T extends string>(name: string, allowed: readonly T[]): T | null {
    const value = this.values[name] ?? null;
    if (value === null || allowed.includes(value as T)) return value as T | null;
    return this.bad(name, expected.oneOf(allowed.map((word) => `"${word}"`)));
  }

  /** The drive's virtio-mmio slot. */
  slot(): number | undefined {
    const value = this.values.slot ?? undefined;
    if (value === undefined || (typeof value === 'number' && limits.isSlot(value))) return value;
    return this.bad('slot', expected.numberBetween(0, limits.VIRTIO_SLOTS - 1));
  }

  objects(name: string): Settings[] {
    const value = this.values[name] ?? [];
    if (!Array.isArray(value) || !value.every(isRecord)) return this.bad(name, expected.objects());
    return value.map((item, i) => new Settings(item, `${this.prefix}${name}[${i}].`, this.resolve));
  }
}
