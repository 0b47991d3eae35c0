import { quoted, shown } from './shown.ts';
import { badInput, type UserError } from './userError.ts';

/** Mistakes on the command line. Each sentence names the option, the value, and what is allowed. */

const HELP = 'see blkreplay --help';

export const commandMissing = (commands: readonly string[]): UserError =>
  badInput('cli-command-missing', `No command is given; the first word is one of ${list(commands)} (${HELP}).`);

export const commandUnknown = (command: string, commands: readonly string[]): UserError =>
  badInput(
    'cli-command-unknown',
    `There is no command ${quoted(command)}; the first word is one of ${list(commands)} (${HELP}).`,
  );

export const optionUnknown = (option: string, command: string, options: readonly string[]): UserError =>
  badInput(
    'cli-option-unknown',
    options.length === 0
      ? `${shown(option)} is not an option of ${command}, which has none.`
      : `${shown(option)} is not an option of ${command}; its options are ${list(options.map((name) => `--${name}`))}.`,
  );

export const optionNeedsValue = (option: string): UserError =>
  badInput(
    'cli-option-value-missing',
    `${option} needs a value; write ${option}=VALUE when the value starts with a dash (${HELP}).`,
  );

export const optionTakesNoValue = (option: string, value: string): UserError =>
  badInput('cli-option-value-extra', `${option} takes no value, but ${quoted(value)} is given; write ${option} alone.`);

export const optionTwice = (option: string): UserError =>
  badInput('cli-option-twice', `${shown(option)} is given twice; give it once.`);

export const optionRequired = (option: string, command: string): UserError =>
  badInput('cli-option-required', `${command} needs ${option}; add it (${HELP}).`);

export const argumentUnexpected = (argument: string, command: string): UserError =>
  badInput(
    'cli-argument-unexpected',
    `${command} does not know what to do with ${quoted(argument)}; give files by options such as --kernel (${HELP}).`,
  );

export const argumentMissing = (argument: string, command: string, all: readonly string[] = [argument]): UserError =>
  badInput('cli-argument-missing', `${command} needs ${argument}; write ${[command, ...all].join(' ')}.`);

export const subcommandBad = (command: string, given: string | undefined, words: readonly string[]): UserError =>
  badInput(
    'cli-command-unknown',
    `${given === undefined ? `${command} needs a further word` : `There is no command ${quoted(`${command} ${given}`)}`}; ` +
      `write ${command} and one of ${list(words)} (${HELP}).`,
  );

/** `allowed` ends the sentence: `give ...`. */
export const optionBadValue = (bad: { option: string; value: string; allowed: string }): UserError =>
  badInput('cli-option-bad-value', `${bad.option} ${quoted(bad.value)} is not possible; give ${bad.allowed}.`);

// --- --drive -----------------------------------------------------------------------------------------------------

/** `problem` follows the drive's text, `allowed` ends the sentence. */
export const driveBad = (bad: { drive: string; problem: string; allowed: string }): UserError =>
  badInput('cli-drive-bad', `--drive ${quoted(bad.drive)} ${shown(bad.problem)}; ${bad.allowed}.`);

export const drivesShare = (both: { first: string; second: string; what: string; value: string }): UserError =>
  badInput(
    'cli-drives-share',
    `The drives ${both.first} and ${both.second} both use the ${both.what} ${quoted(both.value)}; give each its own.`,
  );

export const driveTwice = (id: string): UserError =>
  badInput('cli-drive-twice', `Two --drive options have the id ${quoted(id)}; give each drive an id of its own.`);

export const tooManyDrives = (count: number, most: number): UserError =>
  badInput(
    'cli-drives-too-many',
    `--drive is given ${count} times, but the machine has ${most} slots; leave some out.`,
  );

export const tooManyLoads = (count: number, most: number): UserError =>
  badInput('cli-loads-too-many', `--load is given ${count} times, and ${most} are the most; leave some out.`);

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

export const stopBeforeStart = (asked: { stopAt: number; start: number }) =>
  badInput(
    'stop-before-start',
    `--stop-at ${asked.stopAt} is before position ${asked.start}, where this replay starts: give a later position, ` +
      'or another snapshot to start from with --rrsnapshot.',
  );
