import type { GdbListenAddress } from '../gdb/index.ts';
import {
  commandMissing,
  commandUnknown,
  optionBadValue,
  optionRequired,
  tooManyLoads,
  bootOption,
} from '../messages/cli.ts';
import { limits } from '../engine/index.ts';
import { FILE_COMMANDS, type FileCommand, parseFileCommand } from './fileOptions.ts';
import { checkDrivesAreDistinct, parseDrive, type DriveOption } from './driveOption.ts';
import {
  parseAppend,
  parseGdbListenAddress,
  parseHarts,
  parseMemory,
  parseSnapshotSpace,
  parsePosition,
  parseRngSeed,
  parseSnapshotName,
} from './quantities.ts';
import { CommandArguments } from './commandArguments.ts';
import { expected } from '../messages/expected.ts';

/** A parsed command line. The options are valid, but none of the files that they name has been opened or checked. */
export type CommandLine =
  | { kind: 'help' }
  | { kind: 'version' }
  | RunCommand
  | RecordCommand
  | ReplayCommand
  | { kind: 'info'; rrfile: string; json: boolean }
  | { kind: 'symbols'; image: string }
  | FileCommand;

/**
 * The options that `run`, `record` and `replay` have in common. Paths are as the user entered them, relative to the
 * current directory.
 */
export interface MachineOptions {
  kernel: string | null;
  /** The load address of a kernel that is not an ELF file. If null, the kernel is loaded after the firmware. */
  kernelAddress: number | null;
  bios: string | null;
  initrd: string | null;
  /** Additional files to load. */
  load: limits.FileAtAddress[];
  /** A device tree file that replaces the machine's own device tree. */
  dtb: string | null;
  /** The file to which the device tree is written; the machine is not started. */
  dumpdtb: string | null;
  /** The drives, in the order of their slots. */
  drives: DriveOption[];
  /** Whether to add an entropy source (virtio-rng). A replay adds one if the recorded machine had one. */
  rng: boolean;
  /** The rng-seed in the device tree: 64 hexadecimal digits or `none`; null if not specified. */
  rngSeed: string | null;
  /** Whether a reset by the guest ends the run. */
  noReboot: boolean;
  semihosting: boolean;
  /**
   * Files that may be opened as backing files, or folders that may contain backing files, in addition to the drives'
   * images and overlays.
   */
  allow: string[];
  /** The position to stop at; null to run to the end. */
  stopAt: number | null;
  /**
   * The address at which gdb can connect. The machine waits for gdb at position `stopAt` or, if that is null, at the
   * start.
   */
  gdb: GdbListenAddress | null;
  json: boolean;
}

export interface LiveOptions extends MachineOptions {
  append: string;
  memoryBytes: number;
  harts: number;
  idle: IdleMode;
  /** A file whose bytes become console input. */
  stdin: string | null;
  /** Whether to replace an existing rrfile and existing overlays. */
  overwrite: boolean;
}

export interface RunCommand extends LiveOptions {
  kind: 'run';
}

export interface RecordCommand extends LiveOptions {
  kind: 'record';
  rrfile: string;
  /** The name of the first snapshot; null if not specified. */
  rrsnapshot: string | null;
  /** Whether to take every automatic snapshot, even if this slows down the recording. */
  allSnapshots: boolean;
  /** The disk space for automatic snapshots, in bytes; null for the default. */
  snapshotSpaceBytes: number | null;
}

/**
 * The options of `replay`. A value that is null was not specified on the command line and is taken from the recording.
 */
export interface ReplayCommand extends MachineOptions {
  kind: 'replay';
  rrfile: string;
  append: string | null;
  memoryBytes: number | null;
  harts: number | null;
  rrsnapshot: string | null;
}

export type IdleMode = 'warp' | 'realtime';

export type { DriveOption } from './driveOption.ts';

const COMMANDS = ['run', 'record', 'replay', 'info', 'symbols', ...FILE_COMMANDS] as const;

/**
 * Parses the arguments after the program name. Throws a UserError of kind `badInput`, whose message is one sentence,
 * for every error that can be found without opening a file. `run`, `record` and `replay` accept the same options, so
 * that users can switch between them by changing one word: an option that has no meaning for a command (`--rrfile` for
 * `run`, `--stdin` for `replay`) is checked and then ignored.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const words = new CommandArguments(args);
  if (words.hasFlag('help')) return { kind: 'help' };
  if (words.hasFlag('version')) return { kind: 'version' };
  const command = words.command();
  if (command === undefined) throw commandMissing(COMMANDS);
  switch (command) {
    case 'run':
    case 'record':
    case 'replay':
      return parseMachineCommand(command, words);
    case 'info':
      return parseInfo(words);
    case 'symbols':
      return parseSymbols(words);
    default: {
      const parsed = parseFileCommand(command, words);
      if (!parsed) throw commandUnknown(command, COMMANDS);
      return parsed;
    }
  }
}

function parseInfo(words: CommandArguments): CommandLine {
  words.checkOptions('info', { text: [], repeated: [], flags: ['json'] });
  return { kind: 'info', rrfile: words.onlyArgument('info', 'RRFILE'), json: words.flag('json') };
}

function parseSymbols(words: CommandArguments): CommandLine {
  words.checkOptions('symbols', { text: [], repeated: [], flags: [] });
  return { kind: 'symbols', image: words.onlyArgument('symbols', 'IMAGE or RRFILE') };
}

const MACHINE_OPTIONS = {
  text: [
    'kernel',
    'bios',
    'initrd',
    'dtb',
    'dumpdtb',
    'append',
    'memory',
    'harts',
    'rng-seed',
    'rrfile',
    'rrsnapshot',
    'snapshot-space',
    'stdin',
    'stop-at',
    'idle',
    'gdb',
  ],
  repeated: ['load', 'drive', 'allow'],
  flags: ['rng', 'no-reboot', 'semihosting', 'overwrite', 'all-snapshots', 'json'],
} as const;

function parseMachineCommand(command: 'run' | 'record' | 'replay', words: CommandArguments): CommandLine {
  words.checkOptions(command, MACHINE_OPTIONS);
  words.noArguments(command);
  const drives = words.all('drive').map(parseDrive);
  const rng = words.flag('rng');
  checkDrivesAreDistinct(drives, { rng });
  // Parse all options for every command, so that all commands report the same errors.
  const bios = words.file('bios');
  const memory = words.text('memory');
  const stopAt = words.text('stop-at');
  const gdb = words.text('gdb');
  const seed = words.text('rng-seed');
  const kernel = words.placedFile('kernel');
  const load = words.placedFiles('load');
  if (load.length > limits.LOAD_FILES_MAX) throw tooManyLoads(load.length, limits.LOAD_FILES_MAX);
  const machine = {
    kernel: kernel?.file ?? null,
    kernelAddress: kernel?.address ?? null,
    bios,
    initrd: words.file('initrd'),
    load,
    dtb: words.file('dtb'),
    dumpdtb: words.file('dumpdtb'),
    drives,
    rng,
    rngSeed: seed === null ? null : parseRngSeed('--rng-seed', seed),
    noReboot: words.flag('no-reboot'),
    semihosting: words.flag('semihosting'),
    allow: words.all('allow'),
    stopAt: stopAt === null ? null : parsePosition('--stop-at', stopAt),
    gdb: gdb === null ? null : parseGdbListenAddress('--gdb', gdb),
    json: words.flag('json'),
  };
  const memoryBytes = memory === null ? null : parseMemory('--memory', memory);
  const hartsText = words.text('harts');
  const harts = hartsText === null ? null : parseHarts('--harts', hartsText);
  const idle = parseIdle(words.text('idle') ?? 'warp');
  const stdin = words.file('stdin');
  const rrfile = words.file('rrfile');
  const rrsnapshotText = words.text('rrsnapshot');
  const rrsnapshot = rrsnapshotText === null ? null : parseSnapshotName('--rrsnapshot', rrsnapshotText);
  const appendText = words.text('append');
  const append = appendText === null ? null : parseAppend('--append', appendText);
  const overwrite = words.flag('overwrite');
  const allSnapshots = words.flag('all-snapshots');
  const space = words.text('snapshot-space');
  const snapshotSpaceBytes = space === null ? null : parseSnapshotSpace('--snapshot-space', space);

  if (command === 'replay') {
    const recording = words.required(rrfile, '--rrfile FILE', command);
    return { kind: 'replay', ...machine, rrfile: recording, append, memoryBytes, harts, rrsnapshot };
  }
  requireBootFile(machine, command);
  const live: LiveOptions = {
    ...machine,
    append: append ?? '',
    memoryBytes: memoryBytes ?? limits.MEMORY_BYTES_DEFAULT,
    harts: harts ?? limits.HARTS_DEFAULT,
    idle,
    stdin,
    overwrite,
  };
  if (command === 'run') return { kind: 'run', ...live };
  return {
    kind: 'record',
    ...live,
    rrfile: words.required(rrfile, '--rrfile FILE', command),
    rrsnapshot,
    allSnapshots,
    snapshotSpaceBytes,
  };
}

/** Throws a UserError if there is nothing to boot. With `--dumpdtb`, neither a kernel nor firmware is required. */
function requireBootFile({ kernel, bios, load, dumpdtb }: MachineOptions, command: string): void {
  const isFirmware = bios !== null && bios !== 'none' && bios !== 'builtin';
  if (kernel !== null || isFirmware || load.length > 0 || dumpdtb !== null) return;
  throw optionRequired(bootOption(), command);
}

function parseIdle(value: string): IdleMode {
  if (value === 'warp' || value === 'realtime') return value;
  throw optionBadValue({
    option: '--idle',
    value,
    expected: expected.idleOption(),
  });
}
