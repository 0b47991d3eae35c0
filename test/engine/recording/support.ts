import type { HostFile } from '../../../debug-adapter/engine/base/host.ts';
import { UserError, hostFailure } from '../../../debug-adapter/messages/userError.ts';
import type { BootFile, HeaderFields } from '../../../debug-adapter/engine/recording/header.ts';
import { CLOCK_PORT } from '../../../debug-adapter/engine/machine/ports/clockPort.ts';
import { CONSOLE_PORT } from '../../../debug-adapter/engine/machine/ports/consolePort.ts';
import { ENTROPY_PORT } from '../../../debug-adapter/engine/machine/ports/entropyPort.ts';
import { HOST_FILE_PORT } from '../../../debug-adapter/engine/machine/ports/hostFilePort.ts';
import type { EventPort, QueryPort } from '../../../debug-adapter/engine/machine/ports/inputPort.ts';
import type { EndEntry, LogEntry } from '../../../debug-adapter/engine/recording/logEntry.ts';
import { RecordingReader } from '../../../debug-adapter/engine/recording/recordingReader.ts';
import { RecordingWriter } from '../../../debug-adapter/engine/recording/recordingWriter.ts';
import { nodeCompression as compression } from '../../../debug-adapter/host/compression.ts';

export { compression };

/** An in-memory HostFile that counts its writes and syncs, and can fail when it reaches a given length. */
export class MemoryFile implements HostFile {
  readonly name: string;
  bytes: Uint8Array;
  writes: { offset: number; lengthBytes: number }[] = [];
  syncedLengths: number[] = [];
  closed = false;
  fullAtBytes = Infinity;

  constructor(bytes: Uint8Array = new Uint8Array(0), name = 'test.rr') {
    this.bytes = bytes;
    this.name = name;
  }

  readAt(offset: number, into: Uint8Array): number {
    const part = this.bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }

  writeAt(offset: number, from: Uint8Array): void {
    if (offset + from.length > this.fullAtBytes) throw hostFailure('host-disk-full', {}, 'full');
    this.writes.push({ offset, lengthBytes: from.length });
    const grown = new Uint8Array(Math.max(this.bytes.length, offset + from.length));
    grown.set(this.bytes);
    grown.set(from, offset);
    this.bytes = grown;
  }

  length(): number {
    return this.bytes.length;
  }

  truncate(length: number): void {
    this.bytes = this.bytes.slice(0, length);
  }

  sync(): void {
    this.syncedLengths.push(this.bytes.length);
  }

  close(): void {
    this.closed = true;
  }
}

/** A small generator of reproducible random numbers (mulberry32). A failing test prints its seed. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)];
  }

  u64(): bigint {
    return (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32));
  }
}

export const HEADER: HeaderFields = {
  blkreplayVersion: '0.1.0',
  machine: {
    kind: 'virt',
    memoryBytes: 128 << 20,
    harts: 1,
    isa: 'rv64imac_zicsr_zifencei',
    mmu: 'sv48',
    rng: true,
    rngSeed: 'a5'.repeat(32),
    noReboot: true,
    semihosting: true,
  },
  idle: 'warp',
  append: 'console=ttyS0',
  rrsnapshot: 'replay_init',
  drives: [
    {
      id: 'hd0',
      format: 'raw',
      readOnly: false,
      lengthBytes: 1 << 20,
      contentDigest: '0123456789abcdef',
      image: 'disk.img',
      overlay: 'hd0.qcow2',
      slot: 7,
      virtio: 'legacy',
    },
  ],
  stateFile: null,
};

export const KERNEL: BootFile = {
  role: 'kernel',
  name: 'kernel.elf',
  bytes: Uint8Array.from({ length: 1000 }, (_, index) => (index * index) & 0xff),
};

export interface Written {
  header?: HeaderFields;
  bootFiles?: BootFile[];
  entries?: readonly LogEntry[];
  /**
   * How the recording ends. If undefined, it ends as if the process were killed: the log is flushed after the last
   * entry, and the writer is abandoned.
   */
  end?: Omit<EndEntry, 'kind'>;
}

/** Writes a recording and returns its file. */
export function write({ header = HEADER, bootFiles = [KERNEL], entries = [], end }: Written): MemoryFile {
  const file = new MemoryFile();
  const writer = new RecordingWriter(file, compression);
  writer.writeHeader(header, bootFiles);
  for (const entry of entries) writer.append(entry);
  if (end) writer.close(end);
  else {
    writer.flush(entries.at(-1)?.position ?? 0);
    writer.closeUnfinished();
  }
  return file;
}

export function open(bytes: Uint8Array, name = 'test.rr'): RecordingReader {
  return new RecordingReader(new MemoryFile(bytes, name), compression);
}

/** Returns the entries of a recording except the `reached` entries, which flushes add. */
export function events(reader: RecordingReader, from = 0): LogEntry[] {
  return [...reader.entriesFrom(from)].filter((entry) => entry.kind !== 'reached');
}

/** The log entry for an event on a port. */
export function input<Event>(port: EventPort<Event>, position: number, event: Event): LogEntry {
  return { kind: 'input', position, port: port.number, payload: port.events.encode(event) };
}

/** The log entry for an answer to a query. */
export function answer<Answer>(port: QueryPort<never, Answer>, position: number, value: Answer): LogEntry {
  return { kind: 'answer', position, port: port.number, payload: port.answers.encode(value) };
}

/** The log entry for a typed byte. */
export const typed = (position: number, byte: number): LogEntry => input(CONSOLE_PORT, position, byte);

/** Returns a log like that of a busy machine, with every kind of entry, and with extreme values. */
export function randomLog(random: Random, length: number): LogEntry[] {
  const drives = ['hd0', 'hd1', 'scratch'];
  const requestIds = new Map<string, number>();
  const completionIds = new Map<string, number>();
  const nextId = (ids: Map<string, number>, drive: string) => {
    const id = ids.get(drive) ?? 0;
    ids.set(drive, id + 1);
    return id;
  };
  let position = random.below(1000);
  return Array.from({ length }, (): LogEntry => {
    position += random.pick([
      0,
      1,
      random.below(200),
      random.below(1e6),
      random.below(20) === 0 ? random.below(2 ** 40) : 1,
    ]);
    const drive = random.pick(drives);
    switch (random.below(11)) {
      case 0:
        return typed(position, random.below(256));
      case 1:
        return { kind: 'clockJump', position, nanoseconds: 1 + random.below(2 ** random.below(50)) };
      case 2:
      case 3: {
        const operation = random.pick(['read', 'write', 'flush', 'discard', 'writeZeroes'] as const);
        const odd = random.below(10) === 0;
        const id = odd ? random.below(2 ** 45) : nextId(requestIds, drive);
        const offset = random.below(2 ** 31) * (odd ? 3 : 512);
        return { kind: 'blockRequest', id, drive, operation, offset, lengthBytes: random.below(256) * 512, position };
      }
      case 4:
      case 5: {
        const status = random.pick(['ok', 'ok', 'ioError', 'unsupported'] as const);
        const digest = random.below(4) === 0 ? 0n : random.u64();
        return { kind: 'blockCompletion', id: nextId(completionIds, drive), drive, status, digest, position };
      }
      case 6:
        return {
          kind: 'digest',
          position,
          parts: ['RAM', 'hart0', 'drive hd0'].slice(random.below(4)).map((name) => ({ name, value: random.u64() })),
        };
      case 7:
        return answer(CLOCK_PORT, position, random.below(2 ** random.below(50)));
      case 8:
        return answer(
          ENTROPY_PORT,
          position,
          Uint8Array.from({ length: random.below(100) }, () => random.below(256)),
        );
      case 9: {
        const bytes = Uint8Array.from({ length: random.below(100) }, () => random.below(256));
        const lengthBytes = random.below(2 ** random.below(50));
        return answer(HOST_FILE_PORT, position, { error: random.below(40), lengthBytes, bytes });
      }
      default:
        return { kind: 'snapshot', position, name: `auto-${position} é` };
    }
  });
}

/** Calls `work` and returns the UserError that it throws; any other error is rethrown. */
export function userErrorOf(call: () => unknown): UserError | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/**
 * Walks the chunks: after a 12-byte preamble, each chunk starts with a 20-byte header, which has the length at offset 4
 * and the checksum at offset 8.
 */
export function lastChunkChecksum(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let checksum = 0n;
  for (let at = 12; at < bytes.length; at += 20 + view.getUint32(at + 4, true))
    checksum = view.getBigUint64(at + 8, true);
  return checksum;
}
