import { limits, type UserErrorKind } from '../engine/index.ts';
import { userErrorOf } from '../messages/outOfMemory.ts';
import { jsonLine } from '../messages/shown.ts';
import { type InterruptionCell, useInterruptionCell } from '../host/interruption.ts';
import { consoleOutput, messages } from './outputs.ts';
import { runFileCommand } from './fileCommands.ts';
import { showInfo } from './info.ts';
import { type Interruption, interruptionOf } from './interruption.ts';
import { type CommandLine, parseCommandLine } from './options.ts';
import { reportInternalError } from './internalError.ts';
import { runMachine } from './runMachine.ts';
import { symbolsOf } from './symbols.ts';
import { usage } from '../messages/usage.ts';
import { errorLine } from '../messages/commandOutput.ts';
import { textFor, dataOf } from '../messages/userError.ts';

declare const BLKREPLAY_VERSION: string;

const EXIT_STATUS: Record<UserErrorKind, number> = { badInput: 2, divergence: 3, hostFailure: 4, interrupted: 130 };

/**
 * Reports a signal that the main thread has received. Code that does not return to the event loop can poll `cell`;
 * other code can wait for `whenInterrupted`, which resolves when a signal arrives.
 */
export interface Signals {
  cell: InterruptionCell;
  whenInterrupted: Promise<void>;
}

/**
 * The command-line interface, which runs the engine without an editor. During a run, stdout receives only the guest's
 * console output; all messages go to stderr. The exit status is part of the interface (see `usage`).
 */
export async function main(args: readonly string[], { cell, whenInterrupted }: Signals): Promise<number> {
  const wantsJson = args.includes('--json');
  useInterruptionCell(cell);
  try {
    return await execute(parseCommandLine(args), interruptionOf(whenInterrupted));
  } catch (error) {
    return report(error, wantsJson);
  }
}

async function execute(command: CommandLine, interruption: Interruption): Promise<number> {
  switch (command.kind) {
    case 'help':
      consoleOutput.print(usage(limits));
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
      return runMachine(command, BLKREPLAY_VERSION, interruption);
    default:
      return runFileCommand(command, BLKREPLAY_VERSION);
  }
}

function report(thrown: unknown, wantsJson: boolean): number {
  const error = userErrorOf(thrown);
  if (!error) return reportInternalError(thrown);
  messages.print(errorLine(textFor(error, 'cli')));
  if (wantsJson) {
    const reason = error.kind === 'interrupted' ? 'interrupted' : 'error';
    messages.print(jsonLine({ reason, error: dataOf(error) }) + '\n');
  }
  return EXIT_STATUS[error.kind];
}
