import { parseArgs } from 'node:util';
import {
  argumentMissing,
  argumentUnexpected,
  optionBadValue,
  optionNeedsValue,
  optionRequired,
  optionTakesNoValue,
  optionTwice,
  optionUnknown,
} from '../messages/cli.ts';
import { limits } from '../engine/index.ts';
import { expected } from '../messages/expected.ts';

type PlacedFile = limits.FileAtAddress;

/** The options that a command accepts. */
export interface OptionNames {
  /** Options that take a value and can be given only once. */
  text: readonly string[];
  /** Options that take a value and can be given several times. */
  repeated: readonly string[];
  flags: readonly string[];
}

const VALUED = [
  'kernel',
  'bios',
  'initrd',
  'load',
  'dtb',
  'dumpdtb',
  'append',
  'memory',
  'harts',
  'rng-seed',
  'rrfile',
  'rrsnapshot',
  'snapshot-space',
  'drive',
  'allow',
  'stdin',
  'stop-at',
  'idle',
  'gdb',
  'base',
  'format',
  'from',
  'to',
  'kind',
  'drive-id',
  'into',
];

interface Option {
  name: string;
  /** The option as the user wrote it, such as `--memory` or `-m`. */
  rawName: string;
  value: string | undefined;
  inline: boolean;
}

/**
 * The tokens of a command line: the command, options with their values, and arguments. `parseArgs` from `node:util`
 * splits the command line; this class checks the tokens and reports errors. A value that starts with a dash must follow
 * a `=`, because `--memory --json` usually means that the value is missing.
 */
export class CommandArguments {
  private readonly options: Option[] = [];
  private readonly arguments: string[] = [];

  constructor(args: readonly string[]) {
    // `strict` is false, because parseArgs only splits the arguments and this class reports the errors.
    const { tokens } = parseArgs({
      args: [...args],
      options: Object.fromEntries(VALUED.map((name) => [name, { type: 'string' as const }])),
      strict: false,
      allowPositionals: true,
      tokens: true,
    });
    for (const token of tokens) {
      if (token.kind === 'positional') this.arguments.push(token.value);
      if (token.kind === 'option') this.options.push({ ...token, inline: token.inlineValue ?? false });
    }
  }

  /** Whether the command line contains the flag, which is accepted at any position. */
  hasFlag(name: 'help' | 'version'): boolean {
    return this.options.some((option) => option.name === name || (name === 'help' && option.rawName === '-h'));
  }

  /** The command, which is the first argument. */
  command(): string | undefined {
    return this.arguments[0];
  }

  /** Throws a UserError for the first option that is malformed or that the command does not accept. */
  checkOptions(command: string, names: OptionNames): void {
    const seen = new Set<string>();
    for (const { name, rawName, value, inline } of this.options) {
      const isFlag = names.flags.includes(name);
      const isKnown = isFlag || names.text.includes(name) || names.repeated.includes(name);
      if (!isKnown || !rawName.startsWith('--')) {
        throw optionUnknown(rawName, command, [...names.text, ...names.repeated, ...names.flags]);
      }
      if (isFlag && value !== undefined) throw optionTakesNoValue(rawName, value);
      if (!isFlag && (value === undefined || (!inline && /^-./.test(value)))) throw optionNeedsValue(rawName);
      if (seen.has(name) && !names.repeated.includes(name)) throw optionTwice(rawName);
      seen.add(name);
    }
  }

  flag(name: string): boolean {
    return this.options.some((option) => option.name === name);
  }

  text(name: string): string | null {
    return this.options.find((option) => option.name === name)?.value ?? null;
  }

  /** A file name, which must not be empty; null if the option is not given. */
  file(name: string): string | null {
    const value = this.text(name);
    if (value === '') throw optionBadValue({ option: `--${name}`, value, expected: expected.fileName() });
    return value;
  }

  /** A file name with a load address. */
  placedFile(name: string): PlacedFile | null {
    const value = this.text(name);
    return value === null ? null : parsePlaced(name, value);
  }

  placedFiles(name: string): PlacedFile[] {
    return this.all(name).map((value) => parsePlaced(name, value));
  }

  all(name: string): string[] {
    return this.options.filter((option) => option.name === name).map((option) => option.value ?? '');
  }

  required(value: string | null, option: string, command: string): string {
    if (value === null) throw optionRequired(option, command);
    return value;
  }

  noArguments(command: string): void {
    if (this.arguments.length > 1) throw argumentUnexpected(this.arguments[1], command);
  }

  /** The only argument after the command. */
  onlyArgument(command: string, what: string): string {
    return this.namedArguments(command, [what])[0];
  }

  /** The arguments after the command and subcommand; `names` contains the name of each expected argument. */
  namedArguments(command: string, names: readonly string[]): string[] {
    const given = this.arguments.slice(command.split(' ').length);
    if (given.length > names.length) throw argumentUnexpected(given[names.length], command);
    const missing = names.find((_, index) => !given[index]);
    if (missing !== undefined) throw argumentMissing(missing, command, names);
    return given;
  }

  /** The subcommand: the argument after the command. */
  subcommand(): string | undefined {
    return this.arguments[1];
  }
}

function parsePlaced(name: string, value: string): PlacedFile {
  const parsed = limits.parseFileAtAddress(value);
  if (parsed) return parsed;
  const form = value === '' ? expected.fileName() : expected.placedFile();
  throw optionBadValue({ option: `--${name}`, value, expected: form });
}
