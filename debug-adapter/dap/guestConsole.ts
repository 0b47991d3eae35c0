import { type ConsoleOutput, newOutputOnly, type Position } from '../engine/index.ts';
import { toBase64 } from './base64.ts';
import type { ConsoleEvent } from './customProtocol.ts';
import type { LaunchConfiguration } from './launchConfiguration.ts';

/** Longer output is sent as several events. */
const EVENT_BYTES_MAX = 64 << 10;

/**
 * Sends the guest's console output as events: as text for the debug console, or as raw bytes with their positions for a
 * terminal. When the history is replayed, the guest prints the same output again; this output is not sent a second
 * time. If a replay skips part of a recording, the output of that part is taken from the recording, so that a client
 * gets the same output, in the same order, as if every step had been executed.
 */
export class GuestConsole {
  /** The callback that the machine calls for each byte of console output. */
  readonly onConsoleByte = (byte: number, position: Position, index: number): void => {
    this.showSkipped(position);
    this.show(byte, position, index);
  };
  /** The `console` setting in the launch configuration. */
  target: LaunchConfiguration['console'] = 'debugConsole';
  /** The console output stored in the recording that is being replayed, from the start of the recording. */
  recorded: Iterator<ConsoleOutput> | undefined;
  private part: ConsoleOutput = NO_OUTPUT;
  private nextByte = 0;
  private bytes: number[] = [];
  /** See `ConsoleEvent.steps`. */
  private steps: number[] = [];
  private lastPosition: Position = 0;
  private decoder = new TextDecoder();
  private event: (event: string, body: object) => void;
  private show = newOutputOnly((byte, position) => this.printed(byte, position));

  constructor(event: (event: string, body: object) => void) {
    this.event = event;
  }

  /** Called between slices and at stops, at the position of the machine. Also sends the output that was skipped. */
  showUpTo(position: Position): void {
    this.showSkipped(position);
    this.flush();
  }

  /** Sends the output that has been received so far. */
  flush(): void {
    if (this.bytes.length === 0) return;
    const bytes = Uint8Array.from(this.bytes);
    const { steps } = this;
    this.bytes = [];
    this.steps = [];
    this.lastPosition = 0;
    if (this.target === 'terminal') {
      const body: ConsoleEvent = { base64: toBase64(bytes), steps };
      return this.event('blkreplay/console', body);
    }
    const output = this.decoder.decode(bytes, { stream: true });
    if (output !== '') this.event('output', { category: 'stdout', output });
  }

  /** Shows the recorded output that precedes `position` and has not been shown yet. */
  private showSkipped(position: Position): void {
    for (let before = -1, index = 0; ; this.nextByte++) {
      while (this.nextByte >= this.part.bytes.length) if (!this.readPart()) return;
      const at = this.part.positions[this.nextByte];
      if (at >= position) return;
      // `index` distinguishes bytes that were printed by the same step.
      index = at === before ? index + 1 : 0;
      before = at;
      this.show(this.part.bytes[this.nextByte], at, index);
    }
  }

  /** Reads the next part of the recorded output. Returns false if there is none. */
  private readPart(): boolean {
    const next = this.recorded?.next();
    if (!next || next.done) return false;
    this.part = next.value;
    this.nextByte = 0;
    return true;
  }

  private printed(byte: number, position: Position): void {
    this.bytes.push(byte);
    if (this.target === 'terminal') {
      this.steps.push(position - this.lastPosition);
      this.lastPosition = position;
    }
    if (this.bytes.length >= EVENT_BYTES_MAX) this.flush();
  }
}

const NO_OUTPUT: ConsoleOutput = { bytes: new Uint8Array(0), positions: new Float64Array(0) };
