import { newOutputOnly, type Position } from '../engine/index.ts';
import { toBase64 } from './base64.ts';
import type { ConsoleEvent } from './customProtocol.ts';
import type { LaunchConfiguration } from './launchConfiguration.ts';

/**
 * Sends the guest's console output as events: as text for the debug console, or as raw bytes with their positions
 * for a terminal. When the history is replayed, the guest prints the same output again; this output is not sent a second
 * time.
 */
export class GuestConsole {
  /** The callback that the machine calls for each byte of console output. */
  readonly onConsoleByte = newOutputOnly((byte, position) => this.printed(byte, position));
  /** The `console` setting in the launch configuration. */
  target: LaunchConfiguration['console'] = 'debugConsole';
  private bytes: number[] = [];
  /** See `ConsoleEvent.steps`. */
  private steps: number[] = [];
  private lastPosition: Position = 0;
  private decoder = new TextDecoder();
  private event: (event: string, body: object) => void;

  constructor(event: (event: string, body: object) => void) {
    this.event = event;
  }

  /** Called between slices and at stops. */
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

  private printed(byte: number, position: Position): void {
    this.bytes.push(byte);
    if (this.target !== 'terminal') return;
    this.steps.push(position - this.lastPosition);
    this.lastPosition = position;
  }
}
