import { execFile } from 'node:child_process';
import * as path from 'node:path';
import { promisify } from 'node:util';
import type * as vscode from 'vscode';
import { textFor, type Message } from '../../debug-adapter/messages/userError.ts';
import { failureMessage } from './commandFailure.ts';

const MILLISECONDS_MAX = 30_000;

/** blkreplay's command line, which runs in the editor's own runtime. */
export class CommandLine {
  private file: string;

  constructor(context: vscode.ExtensionContext) {
    this.file = path.join(context.extensionPath, 'dist', 'cli.js');
  }

  /**
   * Runs a command with the option `--json` in a folder, and returns its standard output. Rejects if the command fails
   * (with a CommandError if the command printed an error) or exceeds the time limit; if `millisecondsMax` is 0, there
   * is no limit.
   */
  async run(args: readonly string[], folder: string, millisecondsMax = MILLISECONDS_MAX): Promise<string> {
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [this.file, ...args], {
        cwd: folder,
        env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
        timeout: millisecondsMax,
        maxBuffer: 1 << 26,
      });
      return stdout;
    } catch (error) {
      const { stderr = '', message } = error as { stderr?: string; message: string };
      const failure = failureMessage(stderr);
      throw failure ? new CommandError(failure) : new Error(message, { cause: error });
    }
  }
}

/** The error that ended a command. Its text uses the editor's terminology. */
export class CommandError extends Error {
  readonly code: string;
  readonly fields: Message['fields'];

  constructor(message: Message) {
    super(textFor(message, 'editor'));
    this.code = message.code;
    this.fields = message.fields;
  }
}
