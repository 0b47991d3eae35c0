import type { Duplex, Readable, Writable } from 'node:stream';

/** A two-way byte stream to another program, with flow control in both directions. */
export interface Connection {
  send(bytes: Uint8Array): void;
  /** The number of sent bytes that the other side has not received yet. */
  readonly unsentBytes: number;
  /** Resolves when the other side has received everything or has disconnected. */
  drained(): Promise<void>;
  /** Closes the connection; sent data may still arrive. */
  close(): void;
  /** Closes the connection immediately. */
  drop(): void;
}

/** The callbacks for one connection's events. `OnConnection` creates them for each connection. */
export interface ConnectionHandler {
  /** Handles received bytes. If a promise is returned, reading pauses until it resolves. */
  received(bytes: Uint8Array): Promise<void> | undefined;
  disconnected(): void;
}

export type OnConnection = (connection: Connection) => ConnectionHandler;

/** Makes a connection from two streams; its `close` and `drop` end both streams. */
export function connect(
  { from, to }: { from: Readable; to: Writable },
  { close, drop }: Pick<Connection, 'close' | 'drop'>,
  onConnection: OnConnection,
): void {
  const user = onConnection({
    send: (bytes) => to.write(bytes),
    get unsentBytes() {
      return to.writableLength;
    },
    drained: () => drained(to),
    ...{ close, drop },
  });
  let hasEnded = false;
  const ended = (): void => {
    if (!hasEnded) user.disconnected();
    hasEnded = true;
  };
  // An error needs no separate handling: a `close` event follows it and ends the connection.
  for (const stream of new Set([from, to])) stream.on('error', () => {}).once('close', ended);
  // For the standard streams, `end` is not followed by `close`.
  if (!Object.is(from, to)) from.once('end', ended);
  from.on('data', (bytes: Buffer) => {
    const pending = user.received(bytes);
    if (!pending) return;
    from.pause();
    void pending.then(() => from.resume());
  });
}

/** Makes a connection from a socket, which is used in both directions. */
export function connectSocket(socket: Duplex, onConnection: OnConnection): void {
  connect(
    { from: socket, to: socket },
    { close: () => endWithTimeout(socket), drop: () => socket.destroy() },
    onConnection,
  );
}

// Long enough for a peer to receive the remaining data, and short enough that a peer that does not read cannot keep the
// process alive for long.
const CLOSE_TIMEOUT_MILLISECONDS = 500;

/** Ends the stream as soon as the data sent on it has arrived, or after a timeout. */
export function endWithTimeout(to: Writable): void {
  to.end();
  const timer = setTimeout(() => to.destroy(), CLOSE_TIMEOUT_MILLISECONDS);
  timer.unref();
  to.once('close', () => clearTimeout(timer));
}

/** Resolves when all earlier writes are complete; an empty write completes after them. */
const drained = (to: Writable): Promise<void> =>
  to.writableLength === 0 ? Promise.resolve() : new Promise((resolve) => to.write('', () => resolve()));
