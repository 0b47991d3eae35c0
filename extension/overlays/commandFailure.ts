import { type Message, textFor } from '../../debug-adapter/messages/userError.ts';

/**
 * The reason why a command with the option `--json` has failed, in the editor's terminology; undefined if the last line
 * of stderr is not an error in JSON format.
 */
export function commandFailure(stderr: string): string | undefined {
  const lastLine = stderr.trim().split('\n').at(-1) ?? '';
  try {
    const { error } = JSON.parse(lastLine) as { error: Pick<Message, 'problem' | 'remedy'> };
    return textFor(error, 'editor');
  } catch {
    return undefined;
  }
}
