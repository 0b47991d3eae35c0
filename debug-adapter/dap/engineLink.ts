import type { Failure } from './failure.ts';
import { type EngineEvent, SIGNALS, sizeOf, type EngineRequest } from './messages.ts';

/** The thread in which the engine runs. */
export interface EngineThread {
  post(message: EngineRequest): void;
  /** See SIGNALS. */
  signals: Int32Array<SharedArrayBuffer>;
  /** Cancels the opening of a session. Terminates the thread if it does not respond. */
  interrupt(): void;
}

/** The engine's error response to a request. */
export class RequestFailure extends Error {
  override name = 'RequestFailure';
  readonly code: string;
  readonly fields: Failure['fields'];

  constructor({ code, message, fields }: Failure) {
    super(message);
    this.code = code;
    this.fields = fields;
  }
}

interface Waiting {
  id: number;
  resolve: (body: unknown) => void;
  reject: (error: RequestFailure) => void;
}

/**
 * The connection from the protocol thread to the engine. It carries requests and their replies, events, and signals.
 * Signals reach the engine even in the middle of a run.
 */
export class EngineLink {
  onEvent: (event: string, body: unknown) => void = () => {};
  /** Whether messages sent to the client now would be buffered in memory. */
  isClientBehind: () => boolean = () => false;
  private thread: EngineThread;
  private nextId = 1;
  /**
   * The unanswered requests. This is not a Map, because a Map's discarded tables would accumulate in the old
   * generation: when a Map shrinks, V8 allocates a new table, to which the previous table refers. Once one table has
   * been promoted to the old generation, all later tables are promoted too, until a full garbage collection.
   */
  private waiting: Waiting[] = [];
  private closed: Promise<void>;
  private hasClosed!: () => void;
  private isClosing = false;
  /** The total size of the messages that the client's stream has not accepted yet. */
  private unsentBytes = 0;

  constructor(thread: EngineThread) {
    this.thread = thread;
    this.closed = new Promise((resolve) => (this.hasClosed = resolve));
  }

  /** The number of requests that the engine has not answered. */
  get unansweredCount(): number {
    return this.waiting.length;
  }

  ask(command: string, args: unknown, breakpointIds: number[] = []): Promise<unknown> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.push({ id, resolve, reject });
      this.post({ kind: 'request', id, command, arguments: args, breakpointIds });
    });
  }

  pause(): void {
    Atomics.store(this.thread.signals, SIGNALS.pause, 1);
    Atomics.notify(this.thread.signals, SIGNALS.pause);
  }

  clearPause(): void {
    Atomics.store(this.thread.signals, SIGNALS.pause, 0);
  }

  /** Cancels the opening of a session. */
  interrupt(): void {
    this.thread.interrupt();
  }

  close(): Promise<void> {
    if (!this.isClosing) {
      this.isClosing = true;
      this.pause();
      this.post({ kind: 'close' });
    }
    return this.closed;
  }

  received(message: EngineEvent): void {
    this.unsentBytes += sizeOf(message);
    this.forward(message);
    if (!this.isClientBehind()) this.onStreamDrained();
  }

  /** Called when the client's stream accepts data again after it was full. */
  onStreamDrained(): void {
    if (this.unsentBytes === 0) return;
    Atomics.sub(this.thread.signals, SIGNALS.unsentBytes, this.unsentBytes);
    Atomics.notify(this.thread.signals, SIGNALS.unsentBytes);
    this.unsentBytes = 0;
  }

  private forward(message: EngineEvent): void {
    switch (message.kind) {
      case 'reply':
        return this.complete(message.id, ({ resolve }) => resolve(message.body));
      case 'failed':
        return this.complete(message.id, ({ reject }) => reject(new RequestFailure(message.failure)));
      case 'event':
        return this.onEvent(message.event, message.body);
      case 'closed':
        return this.hasClosed();
    }
  }

  /** Rejects all pending requests. Called when the engine thread has ended unexpectedly. */
  onThreadEnded(failure: Failure): void {
    for (const { reject } of this.waiting) reject(new RequestFailure(failure));
    this.waiting = [];
    this.onEvent('output', { category: 'stderr', output: `${failure.message}\n` });
    this.onEvent('terminated', {});
    this.hasClosed();
  }

  /** Posts a message and wakes the machine if it is sleeping. The engine handles the message between two steps. */
  private post(message: EngineRequest): void {
    const { signals } = this.thread;
    this.thread.post(message);
    Atomics.store(signals, SIGNALS.request, 1);
    Atomics.notify(signals, SIGNALS.pause);
  }

  private complete(id: number, reason: (waiting: Waiting) => void): void {
    const index = this.waiting.findIndex((waiting) => waiting.id === id);
    if (index < 0) return;
    const [waiting] = this.waiting.splice(index, 1);
    reason(waiting);
  }
}
