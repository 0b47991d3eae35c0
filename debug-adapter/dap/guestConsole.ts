import type { Position } from '../engine/index.ts';

/**
 * The guest's console as `output` events. Looking back, the guest says again what it said before: only bytes beyond the
 * furthest position so far are passed on.
 */
export class GuestConsole {
  private bytes: number[] = [];
  private shownTo: Position = -1;
  private decoder = new TextDecoder();
  private print: (text: string) => void;

  constructor(print: (text: string) => void) {
    this.print = print;
  }

  byte(value: number, position: Position): void {
    if (position <= this.shownTo) return;
    this.shownTo = position;
    this.bytes.push(value);
  }

  /** Called between slices and at stops. */
  flush(): void {
    if (this.bytes.length === 0) return;
    const text = this.decoder.decode(Uint8Array.from(this.bytes), { stream: true });
    this.bytes = [];
    if (text !== '') this.print(text);
  }
}
