import { assert, assertNever } from '../base/assert.ts';
import { ByteWriter } from '../base/bytes.ts';
import type { Position } from '../base/quantities.ts';
import { CODE_FOLLOWS, codeBit, KIND_CODES } from './entryKinds.ts';
import {
  COMPLETION_ID_FOLLOWS,
  COMPLETION_NO_DIGEST,
  type DriveIds,
  END_GUEST_EXIT_FOLLOWS,
  idsOf,
  loggedOffset,
  OPERATIONS,
  PAYLOAD_OF_ONE_BYTE,
  PORT_FOLLOWS,
  REQUEST_EXPLICIT,
  SECTOR_BYTES,
  STATUSES,
} from './entryLayout.ts';
import type { LogEntry, PortEntry } from './logEntry.ts';

/** Returns the number of a name in the file's name table. A new name is added to the table. */
export type NameNumber = (name: string) => number;

/** Encodes log entries as the payloads of events chunks (see `entryLayout.ts`). */
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
    this.kinds |= codeBit(code);
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
    payload.varint(this.kinds >>> 0);
    payload.bytes(this.entries.view());
    this.entries.clear();
    this.ids.clear();
    this.kinds = 0;
    return payload.view();
  }

  /** Writes the start of an entry: the tag and the distance. */
  private start(flags: number): void {
    if (this.code < CODE_FOLLOWS) this.entries.byte(this.code | (flags << 4));
    else {
      this.entries.byte(CODE_FOLLOWS | (flags << 4));
      this.entries.varint(this.code);
    }
    this.entries.varint(this.distance);
  }

  private write(entry: LogEntry): void {
    const to = this.entries;
    switch (entry.kind) {
      case 'input':
      case 'answer':
        return this.writePortEntry(entry);
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

  private writePortEntry({ port, payload }: PortEntry): void {
    this.start(Math.min(port, PORT_FOLLOWS) | (payload.length === 1 ? PAYLOAD_OF_ONE_BYTE : 0));
    if (port >= PORT_FOLLOWS) this.entries.varint(port);
    if (payload.length !== 1) this.entries.varint(payload.length);
    this.entries.bytes(payload);
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
