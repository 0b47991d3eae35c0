import { quoted, shown } from './shown.ts';
import { badInput, type UserError } from './userError.ts';

/** Messages about the command line itself. Each message names the option, the value, and what is expected. */

const HELP = 'See blkreplay --help.';

export const commandMissing = (commands: readonly string[]): UserError =>
  badInput('cli-command-missing', { commands }, `No command was given: expected ${list(commands)}.`, HELP);

export const commandUnknown = (command: string, commands: readonly string[]): UserError =>
  badInput('cli-command-unknown', { command }, `Unknown command ${quoted(command)}: expected ${list(commands)}.`, HELP);

export const optionUnknown = (option: string, command: string, options: readonly string[]): UserError =>
  badInput(
    'cli-option-unknown',
    { option, command },
    `${command} has no option ${shown(option)}.`,
    options.length < 2
      ? options.length === 0
        ? 'It has no options.'
        : `Its only option is --${options[0]}.`
      : `Its options are ${list(
          options.map((name) => `--${name}`),
          'and',
        )}.`,
  );

export const optionNeedsValue = (option: string): UserError =>
  badInput(
    'cli-option-value-missing',
    { option },
    `${option} needs a value.`,
    `Write ${option}=VALUE if the value starts with a dash.`,
  );

export const optionTakesNoValue = (option: string, value: string): UserError =>
  badInput(
    'cli-option-value-extra',
    { option, value },
    `${option} does not accept a value, but ${quoted(value)} was given.`,
    `Pass ${option} without a value.`,
  );

export const optionTwice = (option: string): UserError =>
  badInput('cli-option-twice', { option }, `${shown(option)} was given twice.`, 'Pass it only once.');

export const optionRequired = (option: string, command: string): UserError =>
  badInput('cli-option-required', { option, command }, `${command} needs ${option}.`, HELP);

/** How `optionRequired` names the options that specify what to boot. */
export const bootOption = () => '--kernel FILE, --bios FILE or --load FILE';

export const argumentUnexpected = (argument: string, command: string): UserError =>
  badInput(
    'cli-argument-unexpected',
    { argument, command },
    `Unexpected argument ${quoted(argument)} for ${command}.`,
    `Pass files with options such as --kernel. ${HELP}`,
  );

export const argumentMissing = (argument: string, command: string, all: readonly string[] = [argument]): UserError =>
  badInput(
    'cli-argument-missing',
    { argument, command },
    `${command} needs ${argument}.`,
    `Usage: blkreplay ${[command, ...all].join(' ')}`,
  );

export const subcommandBad = (command: string, given: string | undefined, words: readonly string[]): UserError =>
  badInput(
    'cli-command-unknown',
    { command, given },
    given === undefined
      ? `${command} needs a subcommand: expected ${list(words)}.`
      : `Unknown command ${quoted(`${command} ${given}`)}: expected ${command} ${list(words)}.`,
    HELP,
  );

/** `expected` is one of the strings in `expected.ts`. */
export const optionBadValue = (bad: { option: string; value: string; expected: string }): UserError =>
  badInput(
    'cli-option-bad-value',
    bad,
    `Invalid value ${quoted(bad.value)} for ${bad.option}: expected ${bad.expected}.`,
  );

// --- --drive -----------------------------------------------------------------------------------------------------

export const driveBad = ({ drive, why: { problem, remedy } }: { drive: string; why: DriveProblem }): UserError =>
  badInput('cli-drive-bad', { drive, problem }, `Invalid --drive ${quoted(drive)}: ${shown(problem)}.`, remedy);

export interface DriveProblem {
  /** The part of a sentence after a colon, without the period. */
  problem: string;
  /** A whole sentence. */
  remedy: string;
}

const SHAPE = 'Write id=NAME,image=FILE,format=raw|qcow2[,overlay=FILE][,readonly][,slot=0..7][,virtio=modern|legacy].';

export const driveProblems = {
  missing: (name: string): DriveProblem => ({ problem: `${name} is missing`, remedy: SHAPE }),
  unknownField: (name: string): DriveProblem => ({ problem: `unknown field ${quoted(name)}`, remedy: SHAPE }),
  noValue: (name: string): DriveProblem => ({ problem: `${name} has no value`, remedy: SHAPE }),
  twice: (name: string): DriveProblem => ({ problem: `${name} is given twice`, remedy: SHAPE }),
  badValue: (name: string, value: string, expected: string): DriveProblem => ({
    problem: `invalid value ${quoted(value)} for ${name}`,
    remedy: `Expected ${expected}.`,
  }),
  emptyOverlay: (): DriveProblem => ({
    problem: 'the name of the overlay is empty',
    remedy: 'Specify a file, or leave out overlay to use a temporary overlay.',
  }),
  readOnlyWithOverlay: (): DriveProblem => ({
    problem: 'a read-only drive cannot have an overlay',
    remedy: 'Leave out readonly or overlay.',
  }),
  overlayIsImage: (): DriveProblem => ({
    problem: 'image and overlay are the same file',
    remedy: 'Give the overlay another name.',
  }),
};

export const drivesShare = (both: { first: string; second: string; what: 'slot' | 'file'; value: string }): UserError =>
  badInput(
    'cli-drives-share',
    both,
    `The drives ${both.first} and ${both.second} both use ${both.what === 'slot' ? `slot ${shown(both.value)}` : `the file ${quoted(both.value)}`}.`,
    `Give each drive its own ${both.what}.`,
  );

export const driveTwice = (id: string): UserError =>
  badInput('cli-drive-twice', { id }, `Two --drive options have the id ${quoted(id)}.`, 'Give each drive its own id.');

export const tooManyDrives = (count: number, most: number): UserError =>
  badInput(
    'cli-drives-too-many',
    { count, most },
    `--drive was given ${count} times, but the machine has only ${most} free slots.`,
    'Leave some drives out.',
  );

export const tooManyLoads = (count: number, most: number): UserError =>
  badInput(
    'cli-loads-too-many',
    { count, most },
    `--load was given ${count} times; at most ${most} files can be loaded.`,
    'Leave some files out.',
  );

export const stopBeforeStart = ({ stopAt, start }: { stopAt: number; start: number }) =>
  badInput(
    'stop-before-start',
    { stopAt, start },
    `--stop-at ${stopAt} is before position ${start}, where this replay starts.`,
    'Pass a later position, or start from an earlier snapshot with --rrsnapshot.',
  );

function list(words: readonly string[], last: 'or' | 'and' = 'or'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
