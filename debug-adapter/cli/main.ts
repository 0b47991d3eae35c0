import { UserError, type UserErrorKind } from '../engine/index.ts';
import { consoleOutput, messages } from './outputs.ts';
import { runFileCommand } from './fileCommands.ts';
import { showInfo } from './info.ts';
import { type CommandLine, parseCommandLine } from './options.ts';
import { runMachine } from './runMachine.ts';
import { symbolsOf } from './symbols.ts';
import { USAGE } from './usage.ts';

/**
 * The command line: the engine with no editor. Everything the guest prints goes to stdout and nothing else does;
 * everything about it goes to stderr. The exit status is part of the contract (see USAGE).
 */
declare const BLKREPLAY_VERSION: string;

const EXIT_STATUS: Record<UserErrorKind, number> = { badInput: 2, divergence: 3, hostFailure: 4 };
const EXIT_OUR_MISTAKE = 70; // EX_SOFTWARE of sysexits.h

export async function main(args: readonly string[]): Promise<number> {
  const wantsJson = args.includes('--json');
  try {
    return await execute(parseCommandLine(args));
  } catch (error) {
    return report(error, wantsJson);
  }
}

async function execute(command: CommandLine): Promise<number> {
  switch (command.kind) {
    case 'help':
      consoleOutput.print(USAGE);
      return 0;
    case 'version':
      consoleOutput.print(`blkreplay ${BLKREPLAY_VERSION}\n`);
      return 0;
    case 'info':
      consoleOutput.print(showInfo(command));
      return 0;
    case 'symbols':
      consoleOutput.write(symbolsOf(command.image));
      return 0;
    case 'run':
    case 'record':
    case 'replay':
      return runMachine(command, BLKREPLAY_VERSION);
    default:
      return runFileCommand(command, BLKREPLAY_VERSION);
  }
}

function report(error: unknown, wantsJson: boolean): number {
  if (!(error instanceof UserError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    messages.print(`blkreplay: this is a mistake in blkreplay itself, please report it:\n${text}\n`);
    return EXIT_OUR_MISTAKE;
  }
  messages.print(`blkreplay: ${error.message}\n`);
  if (wantsJson) {
    messages.print(JSON.stringify({ reason: 'error', error: { code: error.code, message: error.message } }) + '\n');
  }
  return EXIT_STATUS[error.kind];
}
