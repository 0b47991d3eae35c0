import type { GdbPlace } from '../gdb/index.ts';
import { commandMissing, commandUnknown, optionBadValue, optionRequired, tooManyLoads } from '../engine/errors/cli.ts';
import { limits } from '../engine/index.ts';
import { FILE_COMMANDS, type FileCommand, parseFileCommand } from './fileOptions.ts';
import { drivesShareNothing, parseDrive, type DriveOption } from './driveOption.ts';
import {
  parseAppend,
  parseGdbPlace,
  parseHarts,
  parseMemory,
  parsePosition,
  parseRngSeed,
  parseSnapshotName,
} from './quantities.ts';
import { Words } from './words.ts';

/**
 * The command line as a typed value. Nothing is opened or looked up here: a `CommandLine` says what the user wants, in
 * the words of the options, and every mistake that can be seen without looking at a file is one sentence. `run`,
 * `record` and `replay` take the same options, so that they differ in one word: what a command has no use for
 * (`--rrfile` in `run`, `--stdin` in `replay`) is checked and then left out.
 */
export type CommandLine =
  | { kind: 'help' }
  | { kind: 'version' }
  | RunCommand
  | RecordCommand
  | ReplayCommand
  | { kind: 'info'; rrfile: string; json: boolean }
  | { kind: 'symbols'; image: string }
  | FileCommand;

/** What the three that start a machine have in common. Paths are as given, relative to the current directory. */
export interface MachineOptions {
  kernel: string | null;
  /** Where a kernel that is no ELF file is loaded; null for behind the firmware. */
  kernelAddress: number | null;
  bios: string | null;
  initrd: string | null;
  /** Files that are loaded beside the others. */
  load: limits.PlacedFile[];
  /** A device tree in place of the machine's. */
  dtb: string | null;
  /** Write the device tree there instead of starting. */
  dumpdtb: string | null;
  /** In the order of their slots. */
  drives: DriveOption[];
  /** With a source of entropy; a replay takes what the recording has. */
  rng: boolean;
  /** 64 hexadecimal digits or `none`; null when it was not said. */
  rngSeed: string | null;
  /** A reset by the guest ends the run. */
  noReboot: boolean;
  semihosting: boolean;
  /** Files and folders, besides those of the drives, that backing files may be or be in. */
  allow: string[];
  /** Run exactly to this position; null for to the end. */
  stopAt: number | null;
  /** Wait for gdb there, at `stopAt` or else at the start. */
  gdb: GdbPlace | null;
  json: boolean;
}

export interface LiveOptions extends MachineOptions {
  append: string;
  memoryBytes: number;
  harts: number;
  idle: IdleMode;
  /** A file whose bytes are fed to the console. */
  stdin: string | null;
  /** Replace an rrfile or overlays that exist. */
  overwrite: boolean;
}

export interface RunCommand extends LiveOptions {
  kind: 'run';
}

export interface RecordCommand extends LiveOptions {
  kind: 'record';
  rrfile: string;
  /** Null when it was not said. */
  rrsnapshot: string | null;
  /** Every automatic snapshot, whatever it costs. */
  allSnapshots: boolean;
}

/** What is null here was not said and is taken from the recording. */
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
const MEMORY_BYTES_DEFAULT = 128 << 20;

/** `args` are those after the program's name. Throws a UserError of kind `badInput`. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const words = new Words(args);
  if (words.asksFor('help')) return { kind: 'help' };
  if (words.asksFor('version')) return { kind: 'version' };
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

function parseInfo(words: Words): CommandLine {
  words.checkOptions('info', { text: [], repeated: [], flags: ['json'] });
  return { kind: 'info', rrfile: words.onlyArgument('info', 'RRFILE'), json: words.flag('json') };
}

function parseSymbols(words: Words): CommandLine {
  words.checkOptions('symbols', { text: [], repeated: [], flags: [] });
  return { kind: 'symbols', image: words.onlyArgument('symbols', 'IMAGE or RRFILE') };
}

const MACHINE_WORDS = {
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
    'stdin',
    'stop-at',
    'idle',
    'gdb',
  ],
  repeated: ['load', 'drive', 'allow'],
  flags: ['rng', 'no-reboot', 'semihosting', 'overwrite', 'all-snapshots', 'json'],
} as const;

function parseMachineCommand(command: 'run' | 'record' | 'replay', words: Words): CommandLine {
  words.checkOptions(command, MACHINE_WORDS);
  words.noArguments(command);
  const drives = words.all('drive').map(parseDrive);
  const rng = words.flag('rng');
  drivesShareNothing(drives, { rng });
  // Everything is parsed for every command, so that a mistake shows in each of them alike.
  const bios = words.file('bios');
  const memory = words.text('memory');
  const stopAt = words.text('stop-at');
  const gdb = words.text('gdb');
  const seed = words.text('rng-seed');
  const kernel = words.placedFile('kernel');
  const load = words.placedFiles('load');
  if (load.length > limits.LOADS_MAX) throw tooManyLoads(load.length, limits.LOADS_MAX);
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
    gdb: gdb === null ? null : parseGdbPlace('--gdb', gdb),
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

  if (command === 'replay') {
    const recording = words.required(rrfile, '--rrfile FILE', command);
    return { kind: 'replay', ...machine, rrfile: recording, append, memoryBytes, harts, rrsnapshot };
  }
  needSomethingToBoot(machine, command);
  const live: LiveOptions = {
    ...machine,
    append: append ?? '',
    memoryBytes: memoryBytes ?? MEMORY_BYTES_DEFAULT,
    harts: harts ?? 1,
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
  };
}

/** A device tree can be written of a machine that boots nothing. */
function needSomethingToBoot({ kernel, bios, load, dumpdtb }: MachineOptions, command: string): void {
  const isFirmware = bios !== null && bios !== 'none' && bios !== 'builtin';
  if (kernel !== null || isFirmware || load.length > 0 || dumpdtb !== null) return;
  throw optionRequired('--kernel FILE (or firmware alone with --bios FILE, or --load FILE)', command);
}

function parseIdle(value: string): IdleMode {
  if (value === 'warp' || value === 'realtime') return value;
  throw optionBadValue({
    option: '--idle',
    value,
    allowed: 'warp (skip waiting) or realtime (wait as long as it takes)',
  });
}
