import * as fs from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { connect, endWithTimeout, type OnConnection } from './connection.ts';
import type { Listener } from './listening.ts';

/**
 * stdin and stdout as one connection to the program that started blkreplay. Does not use `process.stdin`, because a
 * worker's `process.stdin` gets its data from the main thread. stdin stays open after the end of its data; otherwise a
 * file opened later would get descriptor 0.
 */
export async function connectStandardStreams(onConnection: OnConnection): Promise<Listener> {
  const [from, to] = await Promise.all([openInput(), openOutput()]);
  const close = (): void => {
    from.pause();
    (from as { unref?: () => void }).unref?.();
    endWithTimeout(to);
  };
  connect({ from, to }, { close, drop: close }, onConnection);
  return { name: 'stdio', close };
}

async function openInput(): Promise<Readable> {
  const { Socket } = await import('node:net');
  const { isatty, ReadStream } = await import('node:tty');
  if (isatty(0)) return keepOpen(new ReadStream(0));
  if (isStream(0)) return keepOpen(new Socket({ fd: 0, readable: true, writable: false }));
  return fs.createReadStream('', { fd: 0, autoClose: false });
}

async function openOutput(): Promise<Writable> {
  const { Socket } = await import('node:net');
  const { isatty, WriteStream } = await import('node:tty');
  if (isatty(1)) return new WriteStream(1);
  if (isStream(1)) return new Socket({ fd: 1, readable: false, writable: true });
  return fs.createWriteStream('', { fd: 1, autoClose: false });
}

function isStream(descriptor: number): boolean {
  const stat = fs.fstatSync(descriptor);
  return stat.isFIFO() || stat.isSocket();
}

/** Prevents the stream from closing its descriptor, as Node does for its own standard streams. */
function keepOpen(stream: Readable): Readable {
  stream._destroy = (error, callback) => callback(error);
  return stream;
}
