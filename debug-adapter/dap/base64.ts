// The number of characters that one call to `String.fromCharCode` converts. Every JavaScript engine accepts this many
// arguments in a call.
const CHUNK = 1 << 14;

/** Encodes bytes in base64, as DAP does for memory. */
export function toBase64(bytes: Uint8Array): string {
  let characters = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    characters += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(characters);
}

/** Decodes base64; undefined unless the text has exactly the form that `toBase64` produces. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    const characters = atob(text);
    // The comparison is necessary, because atob also accepts white space, missing padding and nonzero unused bits.
    if (btoa(characters) !== text) return undefined;
    return Uint8Array.from(characters, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
