import { shown } from './shown.ts';
import { badInput, type Message } from './userError.ts';

/** Messages about breakpoints and other stop points. Columns are numbered from 1. */
type Cause = Pick<Message, 'problem'> & Partial<Pick<Message, 'remedy'>>;

export const hitConditionIsInvalid = (text: string, column: number) =>
  badInput(
    'hit-condition-invalid',
    { text, column },
    `Invalid hit condition "${shown(text)}" at column ${column}: expected a number of hits.`,
    'Use 5, > 5, >= 5, < 5, <= 5 or % 5.',
  );

export const conditionIsInvalid = (text: string, column: number, { problem, remedy = '' }: Cause) =>
  badInput(
    'condition-invalid',
    { text, column },
    `Invalid condition "${shown(text)}" at column ${column}: ${problem}`,
    remedy,
  );

export const logMessageIsInvalid = (text: string, column: number, { problem, remedy = '' }: Cause) =>
  badInput(
    'log-message-invalid',
    { text, column },
    `Invalid log message "${shown(text)}" at column ${column}: ${problem}`,
    remedy,
  );

/** The problem with a log message in which an opening brace has no closing brace. */
export const unclosedBrace = () => ({
  problem: 'the brace is not closed.',
  remedy: 'Write \\{ for a literal brace.',
});
