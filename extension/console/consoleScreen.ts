import { moreLines } from '../../debug-adapter/messages/extension.ts';
import type { ConsoleEvent } from '../../debug-adapter/dap/customProtocol.ts';
import { messageLine, messageText } from './consoleText.ts';
import { escapeAt } from './plainLine.ts';
import { type TimedLine, TimedText } from './timedText.ts';

/** The maximum number of lines to redraw. VS Code's terminals keep 1000 lines by default. */
const LINES_MAX = 10_000;
const DEFAULT_DIMENSIONS = { rows: 24, columns: 80 };

const RESET = '\x1bc';
const SAVE_CURSOR = '\x1b7';
const RESTORE_CURSOR = '\x1b8';
const ERASE_BELOW = '\x1b[J';
const DIM = '\x1b[2m';
const NO_ATTRIBUTES = '\x1b[m';

/**
 * Shows, in a terminal, the guest's output as of a given position. Text that the guest has not printed yet at that
 * position is dimmed and comes after the cursor. At most half a screen of it is shown, so that the text before it stays
 * in view. If the machine goes forward, only the text from the cursor on is written. If it goes back to a position that
 * precedes some of the output above the cursor, the terminal is cleared and redrawn.
 */
export class ConsoleScreen {
  private text = new TimedText();
  /** The number of characters that the guest has printed at the machine's position. */
  private printed = 0;
  /** A message from blkreplay that is shown until the next change. */
  private notice: string | undefined;
  private write: (text: string) => void;
  private dimensions = DEFAULT_DIMENSIONS;

  constructor(write: (text: string) => void) {
    this.write = write;
  }

  /** Called when the terminal's size changes. The terminal itself rewraps the text that it shows. */
  setDimensions({ rows, columns }: { rows: number; columns: number }): void {
    this.dimensions = { rows, columns };
  }

  /** Discards all output, for a new session. */
  clear(): void {
    this.text = new TimedText();
    this.printed = 0;
    this.notice = undefined;
    this.write(RESET);
  }

  /** Called when the guest prints new output, which always follows all output known so far. */
  append(event: ConsoleEvent): void {
    const before = this.text.length;
    const isPast = this.printed < before;
    const discarded = this.text.append(event);
    this.printed = Math.max(0, this.printed - discarded);
    if (isPast) return this.goForwardTo(this.text.length);
    this.printed = this.text.length;
    this.notice = undefined;
    this.write(this.text.slice(before - discarded));
  }

  /**
   * Called with the machine's position. While the machine runs, the screen only goes forward, because a reverse run
   * moves back and forth until it has found where to stop.
   */
  moveTo(position: number, isRunning: boolean): void {
    const printed = this.text.countAt(position);
    if (printed > this.printed) this.goForwardTo(printed);
    else if (printed < this.printed && !isRunning) {
      this.printed = printed;
      this.notice = undefined;
      this.render();
    }
  }

  /** Shows a message from blkreplay as a separate line in italics. */
  showNotice(text: string): void {
    if (this.printed === this.text.length) return this.write(messageLine(text, this.isLineStart));
    this.notice = text;
    this.write(ERASE_BELOW + this.future());
  }

  /** Redraws everything, for example in a terminal that has just been opened. */
  render(): void {
    this.write(RESET + this.text.slice(this.startOfLastLines(), this.printed) + this.future());
  }

  linesWith(shown: string): TimedLine[] {
    return this.text.linesWith(shown);
  }

  private get isLineStart(): boolean {
    return this.printed === 0 || this.text.slice(this.printed - 1, this.printed) === '\n';
  }

  private goForwardTo(printed: number): void {
    const passed = this.text.slice(this.printed, printed);
    this.printed = printed;
    this.notice = undefined;
    this.write(ERASE_BELOW + passed + this.future());
  }

  private startOfLastLines(): number {
    let start = this.printed;
    const shown = this.text.slice(0, start);
    for (let lines = 0; lines < LINES_MAX && start > 0; lines++) start = shown.lastIndexOf('\n', start - 2) + 1;
    return start;
  }

  /** The dimmed text after the cursor, followed by the notice. The cursor stays where it is. */
  private future(): string {
    const { notice } = this;
    const lines = this.text.length > this.printed ? futureLines(this.text.slice(this.printed)) : [];
    const shown = this.firstRows(lines);
    const hidden = lines.length - shown.length;
    if (hidden > 0) shown.push(moreLines(hidden));
    if (notice !== undefined) shown.push(NO_ATTRIBUTES + messageText(notice));
    return shown.length > 0 ? SAVE_CURSOR + DIM + shown.join('\r\n') + RESTORE_CURSOR : '';
  }

  /** As many of the first lines as fit into half the screen. */
  private firstRows(lines: readonly string[]): string[] {
    const { rows, columns } = this.dimensions;
    let free = Math.floor(rows / 2);
    const end = lines.findIndex((line) => (free -= Math.max(1, Math.ceil(line.length / columns))) < 0);
    return end < 0 ? [...lines] : lines.slice(0, end);
  }
}

/**
 * The lines of output that has not been printed yet, dimmed. They must not change the text before them, so they keep
 * only colors: other escape sequences are removed. If a line is drawn again after a carriage return or a backspace,
 * only its first version is shown.
 */
function futureLines(text: string): string[] {
  const lines = text.split('\n').map(futureLine);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function futureLine(line: string): string {
  let shown = '';
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (char === '\r' || char === '\b') break;
    if (char === '\x1b') {
      const sequence = escapeAt(line, i);
      // A sequence that resets attributes also ends the dimming.
      if (/^\x1b\[[\d;:]*m$/.test(sequence)) shown += sequence + DIM; // eslint-disable-line no-control-regex
      i += sequence.length - 1;
    } else if (char === '\t' || char >= ' ') shown += char;
  }
  return shown;
}
