/**
 * Text that comes from a user, a file or a guest, made fit for a line on a terminal or in an editor: nothing in it acts
 * (control characters and escape sequences, marks that turn the direction of text, halves of characters), and it is no
 * longer than what one reads.
 */
const VALUE_LENGTH_MAX = 100;
const MESSAGE_LENGTH_MAX = 2000;
/** Of something without a space: longer than most paths. */
const WORD_LENGTH_MAX = 300;

/** Escaped and of any length: one line. */
export function inert(text: string): string {
  return text.replace(ACTING, (character) => escapes[character] ?? unicodeEscape(character));
}

/** A value that somebody gave, in the middle of a sentence. */
export function shown(value: unknown): string {
  return shortened(inert(typeof value === 'string' ? value : jsonOf(value)), VALUE_LENGTH_MAX);
}

/** The same between quotation marks, if it is text. */
export function quoted(value: unknown): string {
  return typeof value === 'string' ? `"${shown(value)}"` : shown(value);
}

/** A whole sentence, whatever got into it. */
export function sentence(text: string): string {
  const words = inert(text).replace(LONG_WORD, (word) => shortened(word, WORD_LENGTH_MAX));
  return shortened(words, MESSAGE_LENGTH_MAX);
}

/** As one line of JSON, which reads the same and does not act either. */
export function jsonLine(value: unknown): string {
  // What JSON escapes by itself is no longer there.
  return JSON.stringify(value).replace(ACTING, unicodeEscape);
}

/** C0 and C1 controls, direction marks and isolates, line separators, halves of surrogate pairs, what shows as nothing. */
const ACTING = /[\p{Cc}\p{Cs}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;
const LONG_WORD = new RegExp(`\\S{${WORD_LENGTH_MAX + 1},}`, 'gu');

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const unicodeEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The beginning and the end. */
function shortened(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const half = Math.floor((lengthMax - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`.replace(HALF_CHARACTER, '');
}

/** What cutting leaves of one. */
const HALF_CHARACTER = /\p{Cs}/gu;

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return 'a value that is nested too deeply';
  }
}
