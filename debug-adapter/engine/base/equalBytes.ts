/** Whether two byte arrays have the same length and contents. Aligned arrays are compared four bytes at a time. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const words = isAligned(a) && isAligned(b) ? a.length >>> 2 : 0;
  const [left, right] = [wordsOf(a, words), wordsOf(b, words)];
  for (let i = 0; i < words; i++) if (left[i] !== right[i]) return false;
  for (let i = 4 * words; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const isAligned = ({ byteOffset }: Uint8Array): boolean => byteOffset % 4 === 0;

const wordsOf = (bytes: Uint8Array, words: number): Int32Array =>
  words === 0 ? NO_WORDS : new Int32Array(bytes.buffer, bytes.byteOffset, words);

const NO_WORDS = new Int32Array(0);
