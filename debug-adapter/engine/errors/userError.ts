import { sentence } from './shown.ts';

/**
 * An error that a user can see: one clear sentence that says what is wrong, where, and what to do. Every one of them
 * is made by a function in this folder, so that the whole list can be read (and tested) in one place. The command
 * line turns the kind into its exit status; the debug adapter shows the message. Whatever a message quotes, it is one
 * line of readable length in which nothing acts on a terminal; values that may be long are shortened with `shown`.
 */
export type UserErrorKind =
  | 'badInput' // exit status 2
  | 'divergence' // exit status 3
  | 'hostFailure' // exit status 4: disk full, IO error
  | 'interrupted'; // exit status 130: the user ended it

export class UserError extends Error {
  override name = 'UserError';
  readonly kind: UserErrorKind;
  /** A stable name for tests and for the extension, such as `overlay-exists`. */
  readonly code: string;

  constructor(kind: UserErrorKind, code: string, message: string) {
    super(sentence(message));
    this.kind = kind;
    this.code = code;
  }
}

export const badInput = (code: string, message: string) => new UserError('badInput', code, message);
export const divergence = (code: string, message: string) => new UserError('divergence', code, message);
export const hostFailure = (code: string, message: string) => new UserError('hostFailure', code, message);
