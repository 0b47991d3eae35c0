/**
 * Converts the guest's bytes to terminal text. Guests end a line with `\n` or `\r\n`, or redraw it with `\r`. If a `\n`
 * does not follow a `\r`, a `\r` is inserted before it. All other bytes are unchanged. The input may be split anywhere.
 */
export class ConsoleText {
  private decoder = new TextDecoder();
  private lastWasReturn = false;

  fromGuest(base64: string): string {
    const text = this.decoder.decode(bytesOf(base64), { stream: true });
    let shown = '';
    for (const char of text) {
      shown += char === '\n' && !this.lastWasReturn ? '\r\n' : char;
      this.lastWasReturn = char === '\r';
    }
    return shown;
  }
}

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

/** The escape sequences that clear the screen, the scrollback and the text attributes. */
export const CLEAR = '\x1b[0m\x1b[2J\x1b[3J\x1b[H';

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
