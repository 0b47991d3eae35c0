import { writeSync } from 'node:fs';
import { useFailure } from '../host/systemErrors.ts';
import { streamNames } from '../messages/host.ts';

const BUFFER_BYTES = 1 << 16;

/**
 * Writes bytes unchanged, in order and synchronously, so that no earlier output is lost if the process is killed. It
 * uses file system calls instead of a stream, because a stream would buffer the bytes that a full pipe does not accept.
 * Loading the stream module would also take longer than the first million steps of a small guest.
 */
class Output {
  private handle: number;
  private name: string;
  private buffer = new Uint8Array(BUFFER_BYTES);
  private used = 0;
  /**
   * Set if the program that reads the output has exited (as with `| head`) or if writing has failed. Further output is
   * then discarded.
   */
  isClosed = false;

  constructor(handle: number, name: string) {
    this.handle = handle;
    this.name = name;
  }

  /** Writes the console output to stderr, for runs in which stdout carries the gdb protocol. */
  useStderr(): void {
    this.handle = 2;
    this.name = streamNames.consoleOnStderr();
  }

  byte(value: number): void {
    if (this.used === BUFFER_BYTES) this.flush();
    this.buffer[this.used++] = value;
  }

  print(text: string): void {
    this.writeText(text);
    this.flush();
  }

  write(bytes: Uint8Array): void {
    this.flush();
    for (let done = 0; done < bytes.length && !this.isClosed;) done += this.tryWrite(bytes.subarray(done));
  }

  /** Buffers text until the buffer is full or `flush` is called. */
  writeText(text: string): void {
    for (const byte of new TextEncoder().encode(text)) this.byte(byte);
  }

  flush(): void {
    for (let done = 0; done < this.used && !this.isClosed;) {
      done += this.tryWrite(this.buffer.subarray(done, this.used));
    }
    this.used = 0;
  }

  private tryWrite(bytes: Uint8Array): number {
    try {
      return writeSync(this.handle, bytes);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EAGAIN') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // the pipe is full: retry after a millisecond
        return 0;
      }
      this.isClosed = true;
      if (code !== 'EPIPE') throw useFailure(error, 'Writing', this.name);
      return 0;
    }
  }
}

export const consoleOutput = new Output(1, streamNames.consoleOnStdout());
/** Messages about the guest. */
export const messages = new Output(2, streamNames.messagesOnStderr());
