/** A character with Rust's escapes, as gdb prints it (rust_language::emitchar). */
export function rustCharacter(code: number, quote: '"' | "'"): string {
  const short = SHORT_ESCAPES[code];
  if (short) return short;
  if (code === quote.charCodeAt(0)) return `\\${quote}`;
  if (code >= 0x20 && code < 0x7f) return String.fromCharCode(code);
  const digits = code.toString(16);
  return code <= 0xff ? `\\x${digits.padStart(2, '0')}` : `\\u{${digits.padStart(6, '0')}}`;
}

/**
 * A string in UTF-8, in quotes. Printable characters are shown unchanged; other characters and bytes that are not valid
 * UTF-8 are shown as escapes. An incomplete character at the end is omitted.
 */
export function decodedString(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = lengthOfCharacter(bytes[at]);
    const part = bytes.subarray(at, at + length);
    const character = decode(part);
    if (character === undefined && part.length < length) break;
    text += character === undefined ? `\\x${bytes[at].toString(16)}` : shownCharacter(character);
    at += character === undefined ? 1 : length;
  }
  return `"${text}"`;
}

function shownCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0x80 && /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character) ? character : rustCharacter(code, '"');
}

/** The length of a UTF-8 character by its first byte; 1 for an invalid byte. */
function lengthOfCharacter(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const SHORT_ESCAPES: Record<number, string | undefined> = {
  0x00: '\\0',
  0x09: '\\t',
  0x0a: '\\n',
  0x0d: '\\r',
  0x5c: '\\\\',
};
