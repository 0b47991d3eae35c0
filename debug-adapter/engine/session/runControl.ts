import { assert } from '../base/assert.ts';

/** A front end that runs the machine. */
export type RunOwner = 'editor' | 'gdb' | 'commandLine';

/** Whether the machine is running, and for which front end. */
export type RunState =
  /** The machine is stopped, and only this front end may start the first run. */
  | { kind: 'reserved'; owner: RunOwner }
  | { kind: 'stopped' }
  | { kind: 'running'; owner: RunOwner }
  /** The run ends after its current slice. */
  | { kind: 'stopping'; owner: RunOwner }
  /** The session is closed. A run that is still in progress ends after its current slice. */
  | { kind: 'ended' };

/**
 * Tracks which front end is running the machine. All front ends of a session share one RunControl, so that only one of
 * them runs the machine at a time. A Runner starts and finishes the runs; any front end can stop them.
 */
export class RunControl {
  private current: RunState;
  private stopWaiters: (() => void)[] = [];

  constructor(initial: Extract<RunState, { kind: 'reserved' | 'stopped' }> = { kind: 'stopped' }) {
    this.current = initial;
  }

  get state(): RunState {
    return this.current;
  }

  get isRunning(): boolean {
    return this.current.kind === 'running' || this.current.kind === 'stopping';
  }

  /** Whether this front end may start a run now. */
  mayStart(owner: RunOwner): boolean {
    const { current } = this;
    return current.kind === 'stopped' || (current.kind === 'reserved' && current.owner === owner);
  }

  /** If a front end is waiting in `stop`, the new run ends after its first slice. */
  start(owner: RunOwner): void {
    assert(this.mayStart(owner), `${owner} starts a run while the machine is ${this.current.kind}`);
    this.current = { kind: this.stopWaiters.length > 0 ? 'stopping' : 'running', owner };
  }

  /** Stops the current run if this front end started it; otherwise, does nothing. */
  requestStop(owner: RunOwner): void {
    if (this.current.kind === 'running' && this.current.owner === owner) this.current = { kind: 'stopping', owner };
  }

  /**
   * Stops the machine, whichever front end is running it. If the first run has not started yet, it will end after its
   * first slice. Resolves when the machine has stopped or the session has ended.
   */
  stop(): Promise<void> {
    const { current } = this;
    if (current.kind === 'stopped' || current.kind === 'ended') return Promise.resolve();
    if (current.kind === 'running') this.requestStop(current.owner);
    return new Promise((resolve) => this.stopWaiters.push(resolve));
  }

  /** Called when a run is over. */
  finish(): void {
    assert(this.isRunning || this.current.kind === 'ended', `a run finishes while the machine is ${this.current.kind}`);
    if (this.current.kind === 'ended') return;
    this.current = { kind: 'stopped' };
    this.releaseWaiters();
  }

  /** Called when the session closes. No run can start afterwards. */
  end(): void {
    this.current = { kind: 'ended' };
    this.releaseWaiters();
  }

  private releaseWaiters(): void {
    for (const resolve of this.stopWaiters.splice(0)) resolve();
  }
}
