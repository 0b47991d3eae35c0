import assert from 'node:assert/strict';
import { CLOCK_PORT } from '../../../../debug-adapter/engine/machine/ports/clockPort.ts';
import { CONSOLE_PORT } from '../../../../debug-adapter/engine/machine/ports/consolePort.ts';
import {
  CHUNK_HEADER_BYTES,
  CHUNK_TYPE,
  decodeChunkHeader,
  encodeChunk,
  PREAMBLE_BYTES,
} from '../../../../debug-adapter/engine/recording/chunk.ts';
import { KIND_CODES } from '../../../../debug-adapter/engine/recording/entryKinds.ts';
import type { DiskWrite } from '../../../../debug-adapter/engine/recording/index/recordingIndex.ts';
import { isPortEntry, type LogEntry, type LogEntryKind } from '../../../../debug-adapter/engine/recording/logEntry.ts';
import type { RecordingReader } from '../../../../debug-adapter/engine/recording/recordingReader.ts';
import { times } from '../../../support/extent.ts';
import { answer, type Random, typed } from '../support.ts';

type RequestEntry = Extract<LogEntry, { kind: 'blockRequest' }>;
type CompletionEntry = Extract<LogEntry, { kind: 'blockCompletion' }>;

const DRIVES = ['hd0', 'hd1', 'scratch'];
/** The disks are so small that requests often overlap. */
const SECTORS = 4096;
/**
 * The series of entries that the index counts: one for each kind of entry, and some for individual ports. There are no
 * answers on the console port.
 */
const SERIES = [
  ...(Object.keys(KIND_CODES) as LogEntryKind[]).map((kind) => ({ kind, port: undefined })),
  ...(['input', 'answer'] as const).flatMap((kind) =>
    [CONSOLE_PORT, CLOCK_PORT].map(({ number }) => ({ kind, port: number })),
  ),
];
/** The number of random queries that `compare` makes. */
const QUESTIONS = times({ quick: 25, long: 300 });

interface LogOptions {
  random: Random;
  /** The minimum number of entries. */
  length: number;
  /** The length of the padding entries, which make the log so long that its index has several pages. */
  paddingBytes?: number;
}

/**
 * Returns a log with overlapping requests of all kinds to several drives. Some requests fail, and some are in flight
 * for a long time.
 */
export function diskLog({ random, length, paddingBytes = 2000 }: LogOptions): LogEntry[] {
  const log: LogEntry[] = [];
  const inFlight = new Map<string, RequestEntry[]>(DRIVES.map((drive) => [drive, []]));
  const nextId = new Map<string, number>();
  let position = random.below(100);
  while (log.length < length) {
    position += random.pick([0, 0, 1, random.below(50), random.below(10_000)]);
    // Each drive is idle in some intervals of 300 entries.
    const busy = DRIVES.filter((_, i) => Math.floor(log.length / 300) % (i + 2) !== 0);
    const drive = random.pick(busy.length > 0 ? busy : DRIVES);
    const queue = inFlight.get(drive)!;
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2: {
        const id = nextId.get(drive) ?? 0;
        nextId.set(drive, id + 1);
        const request = { kind: 'blockRequest', id, drive, position, ...randomRequest(random) } as const;
        log.push(request);
        queue.push(request);
        break;
      }
      case 3:
      case 4:
      case 5: {
        const request = queue.shift();
        if (!request) break;
        const status = random.pick(['ok', 'ok', 'ok', 'ioError', 'unsupported'] as const);
        log.push({ kind: 'blockCompletion', id: request.id, drive, status, digest: random.u64(), position });
        break;
      }
      case 6:
        log.push(
          random.below(3) > 0
            ? typed(position, random.below(256))
            : { kind: 'digest', position, parts: [{ name: 'RAM', value: random.u64() }] },
        );
        break;
      default:
        if (random.below(10) === 0) log.push(answer(CLOCK_PORT, position, random.below(1e6)));
        else if (random.below(20) === 0) log.push({ kind: 'snapshot', position, name: `s${position}` });
        else log.push({ kind: 'memoryWrite', position, address: 0x8000_0000, bytes: new Uint8Array(paddingBytes) });
    }
  }
  return log;
}

function randomRequest(random: Random): Pick<RequestEntry, 'operation' | 'offset' | 'lengthBytes'> {
  const operation = random.pick([
    'read',
    'read',
    'write',
    'write',
    'write',
    'flush',
    'discard',
    'writeZeroes',
  ] as const);
  if (operation === 'flush') return { operation, offset: 0, lengthBytes: 0 };
  const sectors = random.pick([0, 1, 1, 2, 8, 8, random.below(SECTORS)]);
  const first = random.below(SECTORS) + (random.below(50) === 0 ? 2 ** 42 : 0);
  // Guests may make requests that are not aligned to sectors; they fail, but they are recorded.
  const odd = random.below(30) === 0 ? 100 : 0;
  return { operation, offset: first * 512 + odd, lengthBytes: sectors * 512 };
}

/** Reads the whole log to find the answers that the index must give. */
export class Model {
  readonly entries: readonly LogEntry[];
  readonly requests: RequestEntry[];
  private readonly completions: Map<string, CompletionEntry>;

  constructor(entries: readonly LogEntry[]) {
    this.entries = entries;
    this.requests = entries.filter((entry) => entry.kind === 'blockRequest');
    const completions = entries.filter((entry) => entry.kind === 'blockCompletion');
    this.completions = new Map(completions.map((entry) => [`${entry.drive}/${entry.id}`, entry]));
  }

  touching(drive: string, first: number, sectors: number, writesOnly: boolean): RequestEntry[] {
    const [start, end] = [first * 512, (first + sectors) * 512];
    return this.requests.filter(
      (request) =>
        request.drive === drive &&
        request.lengthBytes > 0 &&
        !(writesOnly && request.operation === 'read') &&
        request.offset < end &&
        request.offset + request.lengthBytes > start,
    );
  }

  /** The successful writes to a sector, in order. */
  writes(drive: string, sector: number): DiskWrite[] {
    return this.touching(drive, sector, 1, true).flatMap((request) => {
      const completion = this.completions.get(`${drive}/${request.id}`);
      return completion?.status === 'ok' ? [{ request, completion }] : [];
    });
  }
}

/** The index pages of a recording file. */
export function pagesOf(bytes: Uint8Array) {
  return chunksOf(bytes).filter(({ type }) => type === CHUNK_TYPE.index);
}

/** The chunks of a recording file. */
function chunksOf(bytes: Uint8Array) {
  const chunks: { offset: number; type: number; flags: number; payload: Uint8Array }[] = [];
  for (let offset = PREAMBLE_BYTES; offset < bytes.length;) {
    const { type, flags, payloadBytes } = decodeChunkHeader(bytes, offset)!;
    const start = offset + CHUNK_HEADER_BYTES;
    chunks.push({ offset, type, flags, payload: bytes.subarray(start, start + payloadBytes) });
    offset = start + payloadBytes;
  }
  return chunks;
}

/**
 * Returns a copy of a recording file in which `change` has replaced the index pages, with valid checksums. If `change`
 * returns undefined, the page is left out.
 */
export function withPages(
  bytes: Uint8Array,
  change: (payload: Uint8Array, page: number) => Uint8Array | undefined,
): Uint8Array {
  const parts = [bytes.subarray(0, PREAMBLE_BYTES)];
  let checksum = 0n;
  let page = 0;
  for (const { type, flags, payload } of chunksOf(bytes)) {
    const changed = type === CHUNK_TYPE.index ? change(payload, page++) : payload;
    if (changed === undefined) continue;
    const chunk = encodeChunk({ type, flags, payload: changed }, checksum);
    parts.push(chunk.bytes);
    checksum = chunk.checksum;
  }
  return Buffer.concat(parts);
}

export const withoutIndex = (bytes: Uint8Array): Uint8Array => withPages(bytes, () => undefined);

/** Makes random queries to the index and compares its answers with the model's. */
export function compare(reader: RecordingReader, random: Random, questions = QUESTIONS): void {
  const { index } = reader;
  const model = new Model([...reader.entriesFrom(0)]);
  const anyPosition = () =>
    random.below(20) === 0
      ? random.pick([0, Infinity, 2 ** 50])
      : random.pick(model.entries).position + random.below(2);
  for (let i = 0; i < questions; i++) {
    const drive = random.below(30) === 0 ? 'none' : random.pick(DRIVES);
    const sector = random.below(SECTORS) + (random.below(20) === 0 ? 2 ** 42 : 0);
    const position = anyPosition();
    const writes = model.writes(drive, sector);
    const at = `${drive}, sector ${sector}, position ${position}`;
    const last = writes.findLast(({ completion }) => completion.position < position);
    assert.deepEqual(index.lastWriter(drive, sector, position), last, at);
    const next = writes.find(({ completion }) => completion.position >= position);
    assert.deepEqual(index.nextWriter(drive, sector, position), next, at);

    const [from, to] = [anyPosition(), anyPosition()].sort((a, b) => a - b);
    const within = (list: readonly LogEntry[]) => list.filter((entry) => entry.position >= from && entry.position < to);
    const sectors = random.pick([1, 8, random.below(SECTORS)]);
    const writesOnly = random.below(2) === 0;
    const backwards = random.below(2) === 0;
    const ordered = (list: LogEntry[]) => (backwards ? list.reverse() : list);
    const range = { drive, firstSector: sector, sectors };
    assert.deepEqual(
      [...index.requestsTouching(range, { from, to, writesOnly, backwards })],
      ordered(within(model.touching(drive, sector, sectors, writesOnly))),
    );

    const series = random.pick(SERIES);
    const ofKind = model.entries.filter(
      (entry) =>
        entry.kind === series.kind && (series.port === undefined || (isPortEntry(entry) && entry.port === series.port)),
    );
    const { kind, port } = series;
    assert.deepEqual([...index.entries({ kinds: [kind], port, from, to, backwards })], ordered(within(ofKind)));
    assert.equal(index.count(series), ofKind.length);
    const number = random.below(ofKind.length + 1);
    assert.deepEqual(index.nth(series, number), ofKind[number]);
    assert.equal(index.numberAt(series, position), ofKind.filter((entry) => entry.position < position).length);
  }
  const totals = [...index.activity()].map(({ counts }) => counts.get('blockRequest') ?? 0);
  assert.equal(
    totals.reduce((sum, count) => sum + count, 0),
    model.requests.length,
  );
}
