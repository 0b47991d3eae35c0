import type { Duplex, Readable, Writable } from 'node:stream';

/** A two-way stream of bytes to another program, with the brakes in both directions. */
export interface Connection {
  send(bytes: Uint8Array): void;
  /** How much of what was sent the other side has not taken yet. */
  readonly unsentBytes: number;
  /** Resolves when it has taken all, or is gone. */
  drained(): Promise<void>;
  /** What was sent may still arrive. */
  close(): void;
  /** At once. */
  drop(): void;
}

/** What a connection calls; it makes these once a connection is there. */
export interface ConnectionUser {
  /** Nothing more is read before what it returns resolves. */
  received(bytes: Uint8Array): Promise<void> | undefined;
  disconnected(): void;
}

export type OnConnection = (connection: Connection) => ConnectionUser;

/** A connection over streams. `close` and `drop` are what ends them. */
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
  let isOver = false;
  const over = (): void => {
    if (!isOver) user.disconnected();
    isOver = true;
  };
  // A connection that breaks is one that ends: `close` follows.
  for (const stream of new Set([from, to])) stream.on('error', () => {}).once('close', over);
  // Standard streams stay open after their end.
  if (!Object.is(from, to)) from.once('end', over);
  from.on('data', (bytes: Buffer) => {
    const held = user.received(bytes);
    if (!held) return;
    from.pause();
    void held.then(() => from.resume());
  });
}

/** A socket is both streams in one. */
export function connectSocket(socket: Duplex, onConnection: OnConnection): void {
  connect({ from: socket, to: socket }, { close: () => endSoon(socket), drop: () => socket.destroy() }, onConnection);
}

// Long for who reads; who does not is not to keep the process from ending.
const LAST_WORDS_MILLISECONDS_MAX = 500;

/** When what was sent has arrived, or is not being read. */
export function endSoon(to: Writable): void {
  to.end();
  const timer = setTimeout(() => to.destroy(), LAST_WORDS_MILLISECONDS_MAX);
  timer.unref();
  to.once('close', () => clearTimeout(timer));
}

/** An empty write is done when all before it is. */
const drained = (to: Writable): Promise<void> =>
  to.writableLength === 0 ? Promise.resolve() : new Promise((resolve) => to.write('', () => resolve()));
