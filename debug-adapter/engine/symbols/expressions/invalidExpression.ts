import { UserError } from '../../../messages/userError.ts';

/** The error in an expression, and its offset in the text. */
export class InvalidExpression extends Error {
  readonly error: UserError;
  readonly at: number;

  constructor(error: UserError, at: number) {
    super(error.message);
    this.error = error;
    this.at = at;
  }
}

/** Calls `compute`. Rethrows a UserError as an InvalidExpression that holds the error and an offset. */
export function located<T>(at: () => number, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    throw error instanceof UserError ? new InvalidExpression(error, at()) : error;
  }
}

/** Calls `compute`. If `compute` throws an InvalidExpression, throws the UserError inside it instead. */
export function unlocated<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    throw error instanceof InvalidExpression ? error.error : error;
  }
}
