import type * as net from 'node:net';
import { portInUse, portNotPermitted } from '../engine/errors/gdb.ts';
import { useFailure, codeOf } from './systemErrors.ts';

/**
 * A TCP server for one client after the other, on 127.0.0.1 only: whoever connects can read everything the guest has.
 * A client that comes while another one is there is turned away.
 */
export interface LoopbackServer {
  readonly port: number;
  close(): void;
}

export interface Connection {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** What a connection calls; it makes these once a client is there. */
export interface ConnectionUser {
  received(bytes: Uint8Array): void;
  disconnected(): void;
}

/** Port 0 lets the system choose one. Throws a UserError where the port cannot be had. */
export async function listenOnLoopback(
  port: number,
  onConnection: (connection: Connection) => ConnectionUser,
): Promise<LoopbackServer> {
  // Loaded when somebody wants it: few runs do.
  const { createServer } = await import('node:net');
  let current: net.Socket | undefined;
  const server = createServer((socket) => {
    if (current) {
      socket.destroy();
      return;
    }
    current = socket;
    connect(socket, onConnection).once('close', () => (current = undefined));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(error, port)));
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    close: () => {
      server.close();
      current?.end();
      current?.unref();
    },
  };
}

function connect(socket: net.Socket, onConnection: (connection: Connection) => ConnectionUser): net.Socket {
  // Each packet waits for its answer, so none may wait for company.
  socket.setNoDelay(true);
  const user = onConnection({ send: (bytes) => socket.write(bytes), close: () => socket.end() });
  // A connection that breaks is one that ends: `close` follows.
  socket.on('error', () => {});
  socket.on('data', (bytes) => user.received(bytes));
  socket.once('close', () => user.disconnected());
  return socket;
}

function listenFailure(error: unknown, port: number): unknown {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return portInUse(port);
    case 'EACCES':
      return portNotPermitted(port);
    default:
      return useFailure(error, 'Listening on', `port ${port}`);
  }
}
