/**
 * Makes text from a user, a file or a guest safe to show on one line of a terminal or an editor. Control characters,
 * escape sequences, bidirectional formatting characters and unpaired surrogates are escaped. Long text is shortened to a
 * readable length.
 */
const VALUE_LENGTH_MAX = 100;
const MESSAGE_LENGTH_MAX = 2000;
/** The maximum length of a word, that is, text without spaces; most paths are shorter. */
const WORD_LENGTH_MAX = 300;

/** The text with all unsafe characters escaped, on one line and at full length. */
export function inert(text: string): string {
  return text.replace(ACTING, (character) => escapes[character] ?? unicodeEscape(character));
}

/** Formats a value for use inside a sentence. */
export function shown(value: unknown): string {
  return shortened(inert(typeof value === 'string' ? value : jsonOf(value)), VALUE_LENGTH_MAX);
}

/** Like `shown`, but encloses strings in quotation marks. */
export function quoted(value: unknown): string {
  return typeof value === 'string' ? `"${shown(value)}"` : shown(value);
}

/** Escapes and shortens a whole sentence, including the values in it. */
export function sentence(text: string): string {
  const words = inert(text).replace(LONG_WORD, (word) => shortened(word, WORD_LENGTH_MAX));
  return shortened(words, MESSAGE_LENGTH_MAX);
}

/** A number with its noun, such as `1 byte` or `2 bytes`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Formats a value for programs: shortens it like a long word in a sentence, but does not escape it. */
export const bounded = (text: string): string => shortened(text, WORD_LENGTH_MAX);

/** The value as one line of JSON in which all control characters are escaped. */
export function jsonLine(value: unknown): string {
  // JSON.stringify has already escaped the C0 controls and unpaired surrogates.
  return JSON.stringify(value).replace(ACTING, unicodeEscape);
}

/** Matches control, bidirectional formatting, line separator and invisible characters, and unpaired surrogates. */
const ACTING = /[\p{Cc}\p{Cs}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;
const LONG_WORD = new RegExp(`\\S{${WORD_LENGTH_MAX + 1},}`, 'gu');

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const unicodeEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** If the text is too long, keeps only its beginning and end, with an ellipsis between them. */
function shortened(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const half = Math.floor((lengthMax - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`.replace(HALF_CHARACTER, '');
}

/** Matches an unpaired surrogate, which remains if a surrogate pair is split. */
const HALF_CHARACTER = /\p{Cs}/gu;

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return '<too deeply nested>';
  }
}
