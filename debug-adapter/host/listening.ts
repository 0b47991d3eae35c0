import type * as net from 'node:net';
import { portInUse, portNotPermitted } from '../engine/errors/gdb.ts';
import { connectSocket, endSoon, type OnConnection } from './connection.ts';
import { useFailure, codeOf } from './systemErrors.ts';
import { claimSocketPath } from './unixSocket.ts';

/**
 * Listens for connections from this computer: on a port of 127.0.0.1, or on a socket in the file system that only its
 * owner can connect to. Who connects can read everything the guest has, so what is heard must be checked: web pages can
 * reach ports, too.
 */
export interface Listener {
  /** Where, as the user is told. */
  readonly name: string;
  /** Takes no more connections; those that are there end when what they were sent has arrived. */
  close(): void;
}

export type ListenPlace = { kind: 'port'; port: number } | { kind: 'unix'; path: string };

/** Port 0 lets the system choose one. Throws a UserError where the place cannot be had. */
export function listen(place: ListenPlace, onConnection: OnConnection): Promise<Listener> {
  return place.kind === 'port' ? listenOnPort(place.port, onConnection) : listenOnPath(place.path, onConnection);
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
  const release = await claimSocketPath(path, (at) => server.start({ path: at }));
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
  // Loaded when somebody wants it: few runs do.
  const { createServer } = await import('node:net');
  const sockets = new Set<net.Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Each packet waits for its answer, so none may wait for company.
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
      for (const socket of sockets) endSoon(socket);
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
