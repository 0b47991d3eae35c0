import type { ClientSignals } from '../engine/index.ts';
import { isClientBehind, SIGNALS } from './messages.ts';

/** The interval at which the engine checks for messages while the client is not reading. */
const WAIT_MILLISECONDS = 20;

/** Gives a Runner access to the signals from the protocol thread. */
export class RunnerSignals implements ClientSignals {
  private signals: Int32Array<SharedArrayBuffer>;
  private deliverRequests: () => void;

  /** `deliverRequests` handles the pending messages in the middle of a run. */
  constructor(signals: Int32Array<SharedArrayBuffer>, deliverRequests: () => void) {
    this.signals = signals;
    this.deliverRequests = deliverRequests;
  }

  get wantsPause(): boolean {
    return this.isSet(SIGNALS.pause);
  }

  clearPause(): void {
    Atomics.store(this.signals, SIGNALS.pause, 0);
  }

  hasMessage(): boolean {
    return this.isSet(SIGNALS.request);
  }

  /** Must be called before pending messages are read. */
  clearMessage(): void {
    Atomics.store(this.signals, SIGNALS.request, 0);
  }

  answerUrgent(): void {
    this.clearMessage();
    this.deliverRequests();
  }

  isBehind(): boolean {
    return isClientBehind(this.signals);
  }

  wait(): void {
    const { signals } = this;
    Atomics.wait(signals, SIGNALS.unsentBytes, Atomics.load(signals, SIGNALS.unsentBytes), WAIT_MILLISECONDS);
  }

  private isSet(signal: number): boolean {
    return Atomics.load(this.signals, signal) !== 0;
  }
}
