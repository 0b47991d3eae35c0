/**
 * Guest bytes to what a terminal shows, and typed text to guest bytes. Guests end a line with `\n`, with `\r\n`, or redraw
 * it with `\r`: a `\n` without `\r` before it gets one, everything else stays as it is. Bytes may be cut anywhere.
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

/** Keys go as a serial terminal sends them: Enter is `\r`, Backspace 0x7f, arrows are escape sequences. */
export function typedToBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** A remark of ours among what the guest says, on a line of its own. */
export function dimLine(text: string, isLineStart: boolean): string {
  return `${isLineStart ? '' : '\r\n'}\x1b[2m${text}\x1b[22m\r\n`;
}

/** Screen and scrollback emptied, attributes off. */
export const CLEAR = '\x1b[0m\x1b[2J\x1b[3J\x1b[H';

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
