import type * as net from 'node:net';
import { portInUse, portNotPermitted } from '../messages/gdb.ts';
import { connectSocket, endWithTimeout, type OnConnection } from './connection.ts';
import { useFailure, codeOf } from './systemErrors.ts';
import { bindSocketPath } from './unixSocket.ts';

export interface Listener {
  /** The address as shown to the user. */
  readonly name: string;
  /** Stops accepting connections. Existing connections end as soon as the data sent on them has arrived. */
  close(): void;
}

export type ListenAddress = { kind: 'port'; port: number } | { kind: 'unix'; path: string };

/**
 * Listens for connections from this computer: on a port of 127.0.0.1, or on a Unix socket that only its owner can
 * connect to. A client can read everything in the guest, and web pages can reach local ports, so the caller must
 * check what it receives. Port 0 lets the system choose a port. Throws a UserError if the port or path is
 * unavailable.
 */
export function listen(address: ListenAddress, onConnection: OnConnection): Promise<Listener> {
  return address.kind === 'port' ? listenOnPort(address.port, onConnection) : listenOnPath(address.path, onConnection);
}

async function listenOnPort(port: number, onConnection: OnConnection): Promise<Listener> {
  const server = await makeServer(onConnection);
  try {
    await server.start({ host: '127.0.0.1', port });
  } catch (error) {
    throw portFailure(error, port);
  }
  return { name: `127.0.0.1:${(server.address() as net.AddressInfo).port}`, close: () => server.close() };
}

async function listenOnPath(path: string, onConnection: OnConnection): Promise<Listener> {
  const server = await makeServer(onConnection);
  const release = await bindSocketPath(path, (at) => server.start({ path: at }));
  return {
    name: `unix:${path}`,
    close: () => {
      release();
      server.close();
    },
  };
}

interface Server {
  start(where: net.ListenOptions): Promise<void>;
  address(): net.AddressInfo | string | null;
  close(): void;
}

async function makeServer(onConnection: OnConnection): Promise<Server> {
  // Load node:net on first use, because few runs need it.
  const { createServer } = await import('node:net');
  const sockets = new Set<net.Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // The peer waits for a response to each packet, so no packet may be delayed to be merged with the next one (Nagle's
    // algorithm).
    socket.setNoDelay(true);
    connectSocket(socket, onConnection);
  });
  return {
    start: (where) =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(where, resolve);
      }),
    address: () => server.address(),
    close: () => {
      server.close();
      for (const socket of sockets) endWithTimeout(socket);
    },
  };
}

function portFailure(error: unknown, port: number): unknown {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return portInUse(port);
    case 'EACCES':
      return portNotPermitted(port);
    default:
      return useFailure(error, 'Listening on', `port ${port}`);
  }
}
