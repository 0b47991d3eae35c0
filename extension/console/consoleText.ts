/**
 * Converts typed text to guest bytes. Keys are sent as a serial terminal sends them: Enter is `\r`, Backspace is 0x7f,
 * and arrow keys are escape sequences.
 */
export function typedToBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** Formats a message from the extension. Dimmed text would have too little contrast in light themes. */
export const messageText = (text: string): string => `\x1b[3m${text}\x1b[23m`;

/** Formats a message from the extension that is shown within the guest's output, on a separate line. */
export const messageLine = (text: string, isLineStart: boolean): string =>
  `${isLineStart ? '' : '\r\n'}${messageText(text)}\r\n`;

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
