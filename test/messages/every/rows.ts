import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { type MessageFunction, messageFunctions } from './inventory.ts';

/** One message, and a way to make a front end show it. */
export interface Row {
  /**
   * The function in `debug-adapter/messages` that creates the message, for example `host/fileMissing`. If the
   * function has several codes, one of them follows: `recording/replayDiverged(divergence-end)`.
   */
  message: string;
  provoke: (t: TestContext) => Promise<Shown>;
  /** What is wrong. */
  cause: RegExp;
  /** The file, setting, option, name or address that the message is about. */
  where: RegExp;
  /** What to do. */
  remedy: RegExp;
}

/**
 * The message that the user sees. The helper for the front end has checked that it is visible: on stderr, with the
 * right exit status; in a dialog; next to a breakpoint; in place of an expression's value; or in prominent output.
 */
export interface Shown {
  /** Undefined if the front end shows no code. */
  code?: string;
  text: string;
}

/** Defines a test for each row. */
export function testRows(room: string, rows: readonly Row[]): void {
  const known = new Map(messageFunctions().map((one) => [keyOf(one), one]));
  suite(room, () => {
    for (const { message, provoke, ...says } of rows) {
      test(`${message} names the cause, the place and the remedy`, async (t) => {
        const { code, text } = await provoke(t);
        for (const [part, pattern] of Object.entries(says)) assert.match(text, pattern, `the ${part}`);
        const source = known.get(message.replace(/\(.*/, ''));
        assert.ok(source, 'there is such a message');
        const codes = codesOf(message) ?? source.codes;
        if (code !== undefined && codes.length > 0) assert.ok(codes.includes(code), `${code}: ${text}`);
        assert.ok(isFrom(text, source), `the text is one of ${message}: ${text}`);
      });
    }
  });
}

/** The code in a key such as `recording/replayDiverged(divergence-end)`, for a function with several codes. */
const codesOf = (message: string): string[] | undefined => /\((.*)\)/.exec(message)?.slice(1);

export const keyOf = ({ file, name }: MessageFunction): string => `${file.replace(/\.ts$/, '')}/${name}`;

/** A constant part must have at least this many characters to identify the function that created a message. */
const TELLING_LENGTH = 5;

/** Whether a message contains a constant part of the function's messages. */
const isFrom = (text: string, { texts }: MessageFunction): boolean =>
  texts.some((part) => part.trim().length >= TELLING_LENGTH && text.includes(part.trim()));
