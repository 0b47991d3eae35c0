import { type ByteReader, Malformed } from '../base/bytes.ts';
import type { Position } from '../base/quantities.ts';
import { CODES_BEFORE_6, KIND_CODES } from './entryKinds.ts';
import {
  COMPLETION_ID_FOLLOWS,
  COMPLETION_NO_DIGEST,
  type DriveIds,
  END_GUEST_EXIT_FOLLOWS,
  idsOf,
  OPERATIONS,
  PAYLOAD_OF_ONE_BYTE,
  PORT_FOLLOWS,
  REQUEST_EXPLICIT,
  safeInteger,
  SECTOR_BYTES,
  STATUSES,
} from './entryLayout.ts';
import type { LogEntry, PortEntry } from './logEntry.ts';
import { readPortEntryBefore6 } from './portEntriesBefore6.ts';
import { chunkFlaws } from '../../messages/recordingDamage.ts';

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
   * Decodes one entry. The caller must pass `knownId` to decode a request or completion out of order, because its id
   * cannot be predicted then. Throws `Malformed` if the entry is invalid.
   */
  read(code: number, flags: number, position: Position, knownId?: number): LogEntry {
    const from = this.source;
    switch (code) {
      case KIND_CODES.input:
        return { kind: 'input', position, ...this.readPortEntry(flags) };
      case KIND_CODES.answer:
        return { kind: 'answer', position, ...this.readPortEntry(flags) };
      case KIND_CODES.clockJump:
        return { kind: 'clockJump', position, nanoseconds: positive(from.varint()) };
      case KIND_CODES.memoryWrite: {
        const address = from.varint();
        return { kind: 'memoryWrite', position, address, bytes: from.bytes(from.varint()).slice() };
      }
      case KIND_CODES.registerWrite:
        return { kind: 'registerWrite', position, register: from.byte(), value: from.u64() };
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
        return this.readBefore6(code, position);
    }
  }

  private readPortEntry(flags: number): Pick<PortEntry, 'port' | 'payload'> {
    const from = this.source;
    const inFlags = flags & PORT_FOLLOWS;
    const port = inFlags === PORT_FOLLOWS ? from.varint() : inFlags;
    const lengthBytes = flags & PAYLOAD_OF_ONE_BYTE ? 1 : from.varint();
    return { port, payload: from.bytes(lengthBytes).slice() };
  }

  private readBefore6(code: number, position: Position): LogEntry {
    const read = readPortEntryBefore6(code, this.source);
    if (!read) throw new Malformed(chunkFlaws.unknownEntry(code));
    return { kind: CODES_BEFORE_6[code], position, ...read };
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
    // Each part takes at least 9 bytes, so an impossible count can be detected before memory is allocated for the
    // parts.
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

function positive(value: number): number {
  if (value === 0) throw new Malformed(chunkFlaws.clockJumpOfZero());
  return value;
}
