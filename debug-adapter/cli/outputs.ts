import { writeSync } from 'node:fs';
import { useFailure } from '../host/systemErrors.ts';

/**
 * Where text goes: bytes as they are, written at once and in order, so that a kill loses nothing that was printed before.
 * Written with plain file calls: a stream would keep what a pipe does not take yet, and loading it takes longer than a
 * small guest's first million steps.
 */
const BUFFER_BYTES = 1 << 16;

class Output {
  private handle: number;
  private name: string;
  private buffer = new Uint8Array(BUFFER_BYTES);
  private used = 0;
  /** Nobody reads any more (`| head`), or it cannot be written: the rest is dropped. */
  isClosed = false;

  constructor(handle: number, name: string) {
    this.handle = handle;
    this.name = name;
  }

  /** stdout is somebody else's in this run. */
  useStderr(): void {
    this.handle = 2;
    this.name = 'the console on stderr';
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

  /** Kept back until there is more, or `flush`. */
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
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // a full pipe: a millisecond later
        return 0;
      }
      this.isClosed = true;
      if (code !== 'EPIPE') throw useFailure(error, 'Writing', this.name);
      return 0;
    }
  }
}

/** The guest's console. */
export const consoleOutput = new Output(1, 'the console on stdout');
/** What is said about the guest. */
export const messages = new Output(2, 'messages on stderr');
