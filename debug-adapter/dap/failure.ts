import { ownMistake } from '../messages/dap.ts';
import { userErrorOf } from '../messages/outOfMemory.ts';
import { type Fields, textFor } from '../messages/userError.ts';

/** Why a request, or the session, has failed, in the editor's terms. Both threads make it, and it goes between them. */
export interface Failure {
  /** A stable name, such as `overlay-exists`. */
  code: string;
  message: string;
  /** Of a UserError: the values that the message is about. */
  fields?: Fields;
}

export function failureOf(error: unknown): Failure {
  const known = userErrorOf(error);
  if (known) return { code: known.code, message: textFor(known, 'editor'), fields: known.fields };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'own-mistake', message: ownMistake(text) };
}
