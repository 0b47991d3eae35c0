import { assert, assertNever } from '../base/assert.ts';
import type { Position } from '../base/quantities.ts';
import type { BlockOperation, BlockStatus } from '../block/blockRequest.ts';
import { ByteWriter, ByteReader, Malformed } from './bytes.ts';
import { KIND_CODES, type LogEntry } from './logEntry.ts';
import { chunkFlaws } from '../../messages/recordingDamage.ts';

export interface EventsSummary {
  firstPosition: Position;
  lastPosition: Position;
  /** The set of entry kinds in the chunk, as encoded by `kindMask`. */
  kinds: number;
}

/** Returns the number of a name in the file's name table. A new name is added to the table. */
export type NameNumber = (name: string) => number;

const SECTOR_BYTES = 512;

const OPERATIONS: readonly BlockOperation[] = ['read', 'write', 'flush', 'discard', 'writeZeroes'];
const STATUSES: readonly BlockStatus[] = ['ok', 'ioError', 'unsupported'];

/** Flags in a blockRequest entry. Bits 0 to 2 of the flags are the operation. */
const REQUEST_EXPLICIT = 8; // the entry contains its id, and its offset and length are in bytes
/** Flags in a blockCompletion entry. Bits 0 and 1 of the flags are the status. */
const COMPLETION_ID_FOLLOWS = 4;
const COMPLETION_NO_DIGEST = 8;
const END_GUEST_EXIT_FOLLOWS = 1;

/** The expected ids of a drive's next request and next completion. These are reset at the start of each chunk. */
interface DriveIds {
  nextRequest: number;
  nextCompletion: number;
}

/**
 * The offset of a request as it is recorded. A guest can request any 64-bit sector; an offset above the largest safe
 * integer is recorded as the largest safe integer.
 */
export function loggedOffset(offset: number): number {
  return Math.min(offset, Number.MAX_SAFE_INTEGER);
}

/**
 * Encodes log entries. The payload of an events chunk consists of a prologue (the first position, the distance to the
 * last position, and the set of entry kinds) and the entries. A payload can be decoded without any other chunks, apart
 * from the file's name table.
 *
 * An entry starts with a tag (the kind in the low half, flags in the high half) and the distance from the position of
 * the previous entry. Predictable values are omitted: a drive's requests and completions have consecutive ids, so an id
 * is written only if it breaks the sequence, or for the first request and the first completion of each drive in a
 * chunk. Offsets and lengths are written in sectors if possible. A request and its completion together take about 25
 * bytes, 8 of which are the digest.
 */
export class EventsEncoder {
  private readonly entries = new ByteWriter(80 << 10);
  private readonly nameNumber: NameNumber;
  private readonly ids = new Map<number, DriveIds>();
  private first: Position = 0;
  private last: Position = 0;
  private kinds = 0;
  /** The kind code of the entry that is being added, and its distance from the previous entry. */
  private code = 0;
  private distance = 0;

  constructor(nameNumber: NameNumber) {
    this.nameNumber = nameNumber;
  }

  get lengthBytes(): number {
    return this.entries.length;
  }

  add(entry: LogEntry): void {
    assert(entry.position >= this.last, 'log entries must be in the order of their positions');
    if (this.kinds === 0) this.first = this.last = entry.position;
    const distance = entry.position - this.last;
    this.last = entry.position;
    const code = KIND_CODES[entry.kind];
    this.kinds |= 1 << (code - 1);
    this.code = code;
    this.distance = distance;
    this.write(entry);
  }

  /**
   * Returns the payload of an events chunk that contains all entries added since the last call. The next entry starts a
   * new chunk.
   */
  takePayload(): Uint8Array<ArrayBuffer> {
    const payload = new ByteWriter(this.entries.length + 24);
    payload.varint(this.first);
    payload.varint(this.last - this.first);
    payload.varint(this.kinds);
    payload.bytes(this.entries.view());
    this.entries.clear();
    this.ids.clear();
    this.kinds = 0;
    return payload.view();
  }

  /** Writes the tag and the distance, with which every entry starts. */
  private start(flags: number): void {
    this.entries.byte(this.code | (flags << 4));
    this.entries.varint(this.distance);
  }

  private write(entry: LogEntry): void {
    const to = this.entries;
    switch (entry.kind) {
      case 'consoleInput':
        this.start(0);
        to.byte(entry.byte);
        return;
      case 'clockJump':
        this.start(0);
        to.varint(entry.nanoseconds);
        return;
      case 'memoryWrite':
        this.start(0);
        to.varint(entry.address);
        to.varint(entry.bytes.length);
        to.bytes(entry.bytes);
        return;
      case 'registerWrite':
        this.start(0);
        to.byte(entry.register);
        to.u64(entry.value);
        return;
      case 'hostTime':
        this.start(0);
        to.varint(entry.milliseconds);
        return;
      case 'entropy':
        this.start(0);
        to.varint(entry.bytes.length);
        to.bytes(entry.bytes);
        return;
      case 'hostFile':
        this.start(0);
        to.varint(entry.error);
        to.varint(entry.lengthBytes);
        to.varint(entry.bytes.length);
        to.bytes(entry.bytes);
        return;
      case 'blockRequest':
        return this.writeRequest(entry);
      case 'blockCompletion':
        return this.writeCompletion(entry);
      case 'digest':
        this.start(0);
        to.varint(entry.parts.length);
        for (const part of entry.parts) {
          to.varint(this.nameNumber(part.name));
          to.u64(part.value);
        }
        return;
      case 'snapshot':
        this.start(0);
        to.text(entry.name);
        return;
      case 'reached':
        this.start(0);
        return;
      case 'end':
        this.start(entry.guestExit === undefined ? 0 : END_GUEST_EXIT_FOLLOWS);
        to.text(entry.reason);
        if (entry.guestExit !== undefined) to.varint(entry.guestExit);
        return;
      default:
        assertNever(entry);
    }
  }

  private writeRequest(entry: LogEntry & { kind: 'blockRequest' }): void {
    const drive = this.nameNumber(entry.drive);
    const ids = idsOf(this.ids, drive);
    const offset = loggedOffset(entry.offset);
    const isPredicted =
      entry.id === ids.nextRequest && offset % SECTOR_BYTES === 0 && entry.lengthBytes % SECTOR_BYTES === 0;
    const unit = isPredicted ? SECTOR_BYTES : 1;
    ids.nextRequest = entry.id + 1;
    this.start(OPERATIONS.indexOf(entry.operation) | (isPredicted ? 0 : REQUEST_EXPLICIT));
    this.entries.varint(drive);
    if (!isPredicted) this.entries.varint(entry.id);
    this.entries.varint(offset / unit);
    this.entries.varint(entry.lengthBytes / unit);
  }

  private writeCompletion(entry: LogEntry & { kind: 'blockCompletion' }): void {
    const drive = this.nameNumber(entry.drive);
    const ids = idsOf(this.ids, drive);
    const isPredicted = entry.id === ids.nextCompletion;
    ids.nextCompletion = entry.id + 1;
    this.start(
      STATUSES.indexOf(entry.status) |
        (isPredicted ? 0 : COMPLETION_ID_FOLLOWS) |
        (entry.digest === 0n ? COMPLETION_NO_DIGEST : 0),
    );
    this.entries.varint(drive);
    if (!isPredicted) this.entries.varint(entry.id);
    if (entry.digest !== 0n) this.entries.u64(entry.digest);
  }
}

/** Decodes only a payload's prologue, for the index that is built when a recording is opened. */
export function decodeEventsSummary(payload: Uint8Array): EventsSummary {
  return readPrologue(new ByteReader(payload));
}

/** Decodes entries one after another, from a source that is positioned just after the prologue. */
export class EventsDecoder {
  private readonly source: ByteReader;
  private readonly names: readonly string[];
  private readonly ids = new Map<number, DriveIds>();

  constructor(source: ByteReader, names: readonly string[]) {
    this.source = source;
    this.names = names;
  }

  /**
   * Decodes one entry. `knownId` is the id of a request or completion that is read out of order, in which case its id
   * cannot be predicted. Throws `Malformed`.
   */
  read(code: number, flags: number, position: Position, knownId?: number): LogEntry {
    const from = this.source;
    switch (code) {
      case KIND_CODES.consoleInput:
        return { kind: 'consoleInput', position, byte: from.byte() };
      case KIND_CODES.clockJump:
        return { kind: 'clockJump', position, nanoseconds: positive(from.varint()) };
      case KIND_CODES.memoryWrite: {
        const address = from.varint();
        return { kind: 'memoryWrite', position, address, bytes: from.bytes(from.varint()).slice() };
      }
      case KIND_CODES.registerWrite:
        return { kind: 'registerWrite', position, register: from.byte(), value: from.u64() };
      case KIND_CODES.hostTime:
        return { kind: 'hostTime', position, milliseconds: safeInteger(from.varint()) };
      case KIND_CODES.entropy:
        return { kind: 'entropy', position, bytes: from.bytes(from.varint()).slice() };
      case KIND_CODES.hostFile: {
        const [error, lengthBytes] = [safeInteger(from.varint()), safeInteger(from.varint())];
        return { kind: 'hostFile', position, error, lengthBytes, bytes: from.bytes(from.varint()).slice() };
      }
      case KIND_CODES.blockRequest:
        return this.readRequest(flags, position, knownId);
      case KIND_CODES.blockCompletion:
        return this.readCompletion(flags, position, knownId);
      case KIND_CODES.digest:
        return { kind: 'digest', position, parts: this.readParts() };
      case KIND_CODES.snapshot:
        return { kind: 'snapshot', position, name: from.text() };
      case KIND_CODES.reached:
        return { kind: 'reached', position };
      case KIND_CODES.end: {
        const reason = from.text();
        if (!(flags & END_GUEST_EXIT_FOLLOWS)) return { kind: 'end', position, reason };
        return { kind: 'end', position, reason, guestExit: from.varint() };
      }
      default:
        throw new Malformed(chunkFlaws.unknownEntry(code));
    }
  }

  private readRequest(flags: number, position: Position, knownId: number | undefined): LogEntry {
    const from = this.source;
    const drive = from.varint();
    const name = this.name(drive);
    const ids = idsOf(this.ids, drive);
    const isExplicit = (flags & REQUEST_EXPLICIT) !== 0;
    const id = isExplicit ? from.varint() : (knownId ?? ids.nextRequest);
    const unit = isExplicit ? 1 : SECTOR_BYTES;
    ids.nextRequest = id + 1;
    const operation = OPERATIONS[flags & 7];
    if (operation === undefined) throw new Malformed(chunkFlaws.unknownOperation());
    const offset = safeInteger(from.varint() * unit);
    return {
      kind: 'blockRequest',
      id,
      drive: name,
      operation,
      offset,
      lengthBytes: safeInteger(from.varint() * unit),
      position,
    };
  }

  private readCompletion(flags: number, position: Position, knownId: number | undefined): LogEntry {
    const from = this.source;
    const drive = from.varint();
    const name = this.name(drive);
    const ids = idsOf(this.ids, drive);
    const id = flags & COMPLETION_ID_FOLLOWS ? from.varint() : (knownId ?? ids.nextCompletion);
    ids.nextCompletion = id + 1;
    const status = STATUSES[flags & 3];
    if (status === undefined) throw new Malformed(chunkFlaws.unknownStatus());
    const digest = flags & COMPLETION_NO_DIGEST ? 0n : from.u64();
    return { kind: 'blockCompletion', id, drive: name, status, digest, position };
  }

  private readParts() {
    const count = this.source.varint();
    // Each part takes at least 9 bytes. An impossible count is detected before memory is allocated for it.
    if (count * 9 > this.source.remaining) throw new Malformed(chunkFlaws.endsInDigest());
    return Array.from({ length: count }, () => {
      const name = this.name(this.source.varint());
      return { name, value: this.source.u64() };
    });
  }

  private name(number: number): string {
    if (number >= this.names.length) throw new Malformed(chunkFlaws.unknownName());
    return this.names[number];
  }
}

export function readPrologue(source: ByteReader): EventsSummary {
  const firstPosition = source.varint();
  const lastPosition = safeInteger(firstPosition + source.varint());
  return { firstPosition, lastPosition, kinds: source.varint() };
}

function idsOf(all: Map<number, DriveIds>, drive: number): DriveIds {
  let ids = all.get(drive);
  if (ids === undefined) all.set(drive, (ids = { nextRequest: 0, nextCompletion: 0 }));
  return ids;
}

function safeInteger(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER) throw new Malformed(chunkFlaws.numberTooLarge());
  return value;
}

function positive(value: number): number {
  if (value === 0) throw new Malformed(chunkFlaws.clockJumpOfZero());
  return value;
}
