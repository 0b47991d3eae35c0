/**
 * Converts typed text to guest bytes. Keys are sent as a serial terminal sends them: Enter is `\r`, Backspace is 0x7f,
 * and arrow keys are escape sequences.
 */
export function typedToBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** Formats a message from the extension that is shown within the guest's output, on a separate line. */
export function dimLine(text: string, isLineStart: boolean): string {
  return `${isLineStart ? '' : '\r\n'}\x1b[2m${text}\x1b[22m\r\n`;
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
