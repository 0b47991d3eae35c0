import type { Position } from '../base/quantities.ts';
import { CONSOLE_TEXT_BYTES_MAX, type ConsoleHit, type ConsolePoint } from '../target/stopPoints.ts';

/**
 * Finds the text of console points in the guest's console output. The last bytes of output are saved with the machine's
 * state, so that a run from a snapshot also finds text that begins before the snapshot and ends after it. Snapshots
 * from older versions do not contain these bytes: a run from such a snapshot finds only text that begins after the
 * snapshot.
 */
export class ConsoleWatcher {
  private points: readonly ConsolePoint[] = [];
  /** The last bytes of output, as a ring buffer. */
  private readonly recent = new Uint8Array(CONSOLE_TEXT_BYTES_MAX);
  /** The number of bytes in the ring buffer, and the index at which the next byte will be stored. */
  private count = 0;
  private next = 0;
  private pending: ConsoleHit[] = [];

  set(points: readonly ConsolePoint[]): void {
    this.points = points;
    this.forgetHits();
  }

  /** Called for each byte of output. Returns whether it completes the text of a point. */
  printed(byte: number, position: Position): boolean {
    const { recent } = this;
    recent[this.next] = byte;
    this.next = (this.next + 1) % recent.length;
    if (this.count < recent.length) this.count++;
    if (this.points.length === 0) return false;
    for (const { id, text } of this.points) {
      // A semihosting call can print the text several times in one step. This counts as one hit.
      const isNew = this.endsWith(text) && !this.pending.some((hit) => hit.id === id && hit.position === position);
      if (isNew) this.pending.push({ kind: 'console', id, position });
    }
    return this.pending.length > 0;
  }

  /** Returns and clears the hits of the last step. */
  takeHits(): ConsoleHit[] {
    return this.pending.splice(0);
  }

  forgetHits(): void {
    this.pending = [];
  }

  /** The bytes of output on which later hits depend; undefined if there was no output. */
  get state(): Uint8Array | undefined {
    const { recent, count, next } = this;
    if (count === 0) return undefined;
    return Uint8Array.from({ length: count }, (_, i) => recent[(next - count + i + recent.length) % recent.length]);
  }

  set state(bytes: Uint8Array | undefined) {
    const kept = (bytes ?? new Uint8Array(0)).subarray(-this.recent.length);
    this.recent.set(kept);
    this.count = kept.length;
    this.next = kept.length % this.recent.length;
  }

  private endsWith(text: Uint8Array): boolean {
    const { recent, count, next } = this;
    if (text.length > count) return false;
    for (let i = 1; i <= text.length; i++) {
      if (text[text.length - i] !== recent[(next - i + recent.length) % recent.length]) return false;
    }
    return true;
  }
}
