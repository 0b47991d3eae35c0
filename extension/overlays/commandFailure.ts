import { type Message, textFor } from '../../debug-adapter/messages/userError.ts';

/**
 * The reason why a command with the option `--json` has failed, in the editor's terminology; undefined if the last line
 * of stderr is not an error in JSON format.
 */
export function commandFailure(stderr: string): string | undefined {
  const message = failureMessage(stderr);
  return message && textFor(message, 'editor');
}

/** The error that a command with the option `--json` has printed; undefined if there is none. */
export function failureMessage(stderr: string): Message | undefined {
  const lastLine = stderr.trim().split('\n').at(-1) ?? '';
  try {
    return (JSON.parse(lastLine) as { error?: Message }).error;
  } catch {
    return undefined;
  }
}
