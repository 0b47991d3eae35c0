import { bounded, sentence } from './shown.ts';

/**
 * A message for the user, as data: a code, named fields, the problem, and a remedy. The wording of the problem is the
 * same everywhere; the remedy can differ between the command line, the editor and gdb. Functions in this folder create
 * all messages, so that the whole list can be read (and tested) in one place. All parts of a message can be sent to
 * another thread and written as JSON. A rendered message is one line of readable length without control characters;
 * values that can be long are shortened with `shown`.
 */
export interface Message {
  /** A stable name for programs, such as `overlay-exists`. */
  readonly code: string;
  /** The values that the message is about, by name. Long strings are shortened. */
  readonly fields: Fields;
  /** What is wrong and where: one or more whole sentences. */
  readonly problem: string;
  readonly remedy: Remedy;
}

export type Fields = Readonly<Record<string, FieldValue>>;
type FieldValue = string | number | boolean | null | undefined | readonly FieldValue[];

export type FrontEnd = 'cli' | 'editor' | 'gdb';

/**
 * What to do, in whole sentences: one string for all front ends, or one for each. If `gdb` is missing, gdb shows the
 * string for `cli`.
 */
export type Remedy = string | { readonly cli: string; readonly editor: string; readonly gdb?: string };

/** The text of a message, in the terms of one front end. */
export function textFor({ problem, remedy }: Pick<Message, 'problem' | 'remedy'>, frontEnd: FrontEnd): string {
  const advice = typeof remedy === 'string' ? remedy : (remedy[frontEnd] ?? remedy.cli);
  return sentence(advice === '' ? problem : `${problem} ${advice}`);
}

/** A remedy that contains another message, such as the cause of a failure. */
export const remedyWith = (text: (frontEnd: FrontEnd) => string): Remedy => ({
  cli: text('cli'),
  editor: text('editor'),
  gdb: text('gdb'),
});

/** A message about a problem that does not end the action; the session continues. */
export interface Notice extends Message {
  /** The problem and the remedy in one string, in the command line's terms. */
  readonly message: string;
}

export const notice = (code: string, fields: Fields, problem: string, remedy: Remedy = ''): Notice => ({
  ...{ code, fields, problem, remedy },
  message: textFor({ problem, remedy }, 'cli'),
});

/** The kind of failure that an error reports. The command line derives its exit status from it. */
export type UserErrorKind =
  | 'badInput' // exit status 2
  | 'divergence' // exit status 3
  | 'hostFailure' // exit status 4: disk full, I/O error
  | 'interrupted'; // exit status 130: the user interrupted the command

/** A message about a problem that ends an action. Front ends call `textFor`; `message` is the command line's text. */
export class UserError extends Error implements Message {
  override name = 'UserError';
  readonly kind: UserErrorKind;
  readonly code: string;
  readonly fields: Fields;
  readonly problem: string;
  readonly remedy: Remedy;

  constructor(kind: UserErrorKind, { code, fields, problem, remedy }: Message) {
    super(textFor({ problem, remedy }, 'cli'));
    this.kind = kind;
    this.code = code;
    this.fields = fields;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** An error as plain data, for another thread or for JSON; `textFor` renders it there. */
export const dataOf = ({ code, message, fields, problem, remedy }: UserError): Notice => ({
  ...{ code, message, fields, problem, remedy },
});

const boundedFields = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? bounded(value) : value]),
  );

const makerOf =
  (kind: UserErrorKind) =>
  (code: string, fields: Fields, problem: string, remedy: Remedy = ''): UserError =>
    new UserError(kind, { code, fields: boundedFields(fields), problem, remedy });

export const badInput = makerOf('badInput');
export const divergence = makerOf('divergence');
export const hostFailure = makerOf('hostFailure');
export const interruption = makerOf('interrupted');
