import type { ConsoleEvent } from '../../debug-adapter/dap/customProtocol.ts';
import { bytesOf } from './consoleText.ts';
import { plainLine } from './plainLine.ts';

/** The maximum length of the text. When it is exceeded, the oldest lines are discarded. */
export const KEPT_CHARACTERS_MAX = 1_000_000;

/** A line of output, and the position of the step that printed its first byte. */
export interface TimedLine {
  text: string;
  position: number;
}

/**
 * The guest's output as text for a terminal, with the position at which each character was printed. Guests end a line
 * with `\n` or `\r\n`, or redraw it with `\r`. A `\r` is inserted before each `\n` that does not already follow one.
 * All other bytes are unchanged. An event may end in the middle of a multibyte character.
 */
export class TimedText {
  private text = '';
  /** The positions of the steps that printed the text, one for each UTF-16 code unit, in ascending order. */
  private positions: number[] = [];
  private decoder = new TextDecoder();
  /** Whether the last byte was part of a multibyte character; if so, the next byte must also go through the decoder. */
  private isInCharacter = false;

  get length(): number {
    return this.text.length;
  }

  slice(start: number, end?: number): string {
    return this.text.slice(start, end);
  }

  /** Appends the output of an event. Returns the number of characters that were discarded at the start of the text. */
  append({ base64, steps }: ConsoleEvent): number {
    const pieces: string[] = [];
    let last = this.text.at(-1);
    let position = 0;
    bytesOf(base64).forEach((byte, i) => {
      position += steps[i] ?? 0;
      for (const char of this.decode(byte)) {
        const shown = char === '\n' && last !== '\r' ? '\r\n' : char;
        pieces.push(shown);
        for (let unit = 0; unit < shown.length; unit++) this.positions.push(position);
        last = char;
      }
    });
    this.text += pieces.join('');
    return this.discardOldLines();
  }

  /** The number of characters that the guest has printed when the machine is at a position. */
  countAt(position: number): number {
    let [low, high] = [0, this.positions.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.positions[middle] < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The lines that a terminal shows for this text, in the order in which they were printed. */
  linesWith(shown: string): TimedLine[] {
    const wanted = shown.trimEnd();
    const found: TimedLine[] = [];
    if (wanted === '') return found;
    for (let start = 0; start < this.text.length;) {
      const newline = this.text.indexOf('\n', start);
      const end = newline < 0 ? this.text.length : newline;
      // Because of escape sequences, a line can be longer than what the terminal shows, but never shorter.
      if (end - start >= wanted.length && plainLine(this.text.slice(start, end)) === wanted) {
        found.push({ text: wanted, position: this.positions[start] });
      }
      start = end + 1;
    }
    return found;
  }

  private decode(byte: number): string {
    const wasInCharacter = this.isInCharacter;
    this.isInCharacter = byte >= 0x80;
    if (!this.isInCharacter && !wasInCharacter) return String.fromCharCode(byte);
    return this.decoder.decode(Uint8Array.of(byte), { stream: true });
  }

  private discardOldLines(): number {
    if (this.text.length <= KEPT_CHARACTERS_MAX) return 0;
    // Discarding a quarter at a time keeps the cost of each event low.
    const least = this.text.length - (KEPT_CHARACTERS_MAX * 3) / 4;
    const count = this.text.indexOf('\n', least) + 1 || least;
    this.text = this.text.slice(count);
    this.positions = this.positions.slice(count);
    return count;
  }
}
