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
  /** Reading pauses until the returned promise resolves. */
  received(bytes: Uint8Array): Promise<void> | undefined;
  disconnected(): void;
}

export type OnConnection = (connection: Connection) => ConnectionHandler;

/** Connects two streams; `close` and `drop` end them. */
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
  // An error ends the connection: `close` follows it.
  for (const stream of new Set([from, to])) stream.on('error', () => {}).once('close', ended);
  // Standard streams emit no `close` event after they end.
  if (!Object.is(from, to)) from.once('end', ended);
  from.on('data', (bytes: Buffer) => {
    const pending = user.received(bytes);
    if (!pending) return;
    from.pause();
    void pending.then(() => from.resume());
  });
}

/** Connects a socket, which is used for both directions. */
export function connectSocket(socket: Duplex, onConnection: OnConnection): void {
  connect(
    { from: socket, to: socket },
    { close: () => endWithTimeout(socket), drop: () => socket.destroy() },
    onConnection,
  );
}

// Long enough for the peer to receive the remaining data. A peer that does not read must not keep the process alive.
const CLOSE_TIMEOUT_MILLISECONDS = 500;

/** Ends the stream after the sent data has arrived, or after a timeout. */
export function endWithTimeout(to: Writable): void {
  to.end();
  const timer = setTimeout(() => to.destroy(), CLOSE_TIMEOUT_MILLISECONDS);
  timer.unref();
  to.once('close', () => clearTimeout(timer));
}

/** An empty write completes after all writes before it. */
const drained = (to: Writable): Promise<void> =>
  to.writableLength === 0 ? Promise.resolve() : new Promise((resolve) => to.write('', () => resolve()));
