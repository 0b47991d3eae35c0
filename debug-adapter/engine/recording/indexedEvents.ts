import { chunkFlaws } from '../../messages/recordingDamage.ts';
import type { Position } from '../base/quantities.ts';
import { ByteReader, Malformed } from '../base/bytes.ts';
import { CODE_FOLLOWS } from './entryKinds.ts';
import { readPrologue } from './entryLayout.ts';
import { EventsDecoder } from './eventsDecoder.ts';
import { type BlockEntry, isPortEntry, type LogEntry, type PortEntry } from './logEntry.ts';

/**
 * The entries of one events chunk. `load` decodes all of them once to check them and to index their offsets; `entry`
 * then decodes a single entry when it is needed. A chunk has thousands of entries, but a seek needs only a few of them.
 * If all entries were kept as objects, they would become garbage that takes V8 a long time to collect. `load` reuses
 * the index arrays for the next chunk.
 */
export class IndexedEvents {
  private usedEntries = 0;
  private bytes = new Uint8Array(0);
  private source = new ByteReader(this.bytes);
  private decoder = new EventsDecoder(this.source, []);
  private positions = new Float64Array(FIRST_CAPACITY);
  /** The payload offset of each entry's data, which follows the tag and the distance. */
  private offsets = new Uint32Array(FIRST_CAPACITY);
  /** The code of each entry's kind. */
  private codes = new Uint8Array(FIRST_CAPACITY);
  private flags = new Uint8Array(FIRST_CAPACITY);
  /** The ids of requests and completions. Most ids are not in the file but are predicted from the preceding entries. */
  private ids = new Float64Array(FIRST_CAPACITY);

  get count(): number {
    return this.usedEntries;
  }

  /** Loads a chunk. Throws `Malformed`. */
  load({ lengthBytes, read, names, check }: EventsSource): void {
    this.usedEntries = 0;
    if (this.bytes.length < lengthBytes) this.bytes = new Uint8Array(lengthBytes);
    const payload = this.bytes.subarray(0, read(this.bytes.subarray(0, lengthBytes)));
    const source = (this.source = new ByteReader(payload));
    const decoder = (this.decoder = new EventsDecoder(source, names));
    const summary = readPrologue(source);
    let position = summary.firstPosition;
    while (!source.done) {
      const tag = source.byte();
      const flags = tag >> 4;
      const code = (tag & 15) === CODE_FOLLOWS ? source.varint() : tag & 15;
      position += source.varint();
      if (position > summary.lastPosition) throw new Malformed(chunkFlaws.entryAfterLast());
      const offset = source.offset;
      const entry = decoder.read(code, flags, position);
      if (isPortEntry(entry)) check(entry);
      this.add({ position, code, flags, offset, id: hasId(entry) ? entry.id : 0 });
    }
    if (position !== summary.lastPosition) throw new Malformed(chunkFlaws.endsBeforeLast());
  }

  /** The index of the first entry at or after a position, or `count` if there is none. */
  firstFrom(position: Position): number {
    let low = 0;
    let high = this.usedEntries;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.positions[middle] < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The code of an entry's kind. */
  code(index: number): number {
    return this.codes[index];
  }

  entry(index: number): LogEntry {
    this.source.offset = this.offsets[index];
    return this.decoder.read(this.codes[index], this.flags[index], this.positions[index], this.ids[index]);
  }

  private add({ position, code, flags, offset, id }: IndexedEntry): void {
    const at = this.usedEntries++;
    if (at === this.codes.length) this.grow(at * 2);
    this.positions[at] = position;
    this.offsets[at] = offset;
    this.codes[at] = code;
    this.flags[at] = flags;
    this.ids[at] = id;
  }

  private grow(capacity: number): void {
    this.positions = grown(this.positions, new Float64Array(capacity));
    this.offsets = grown(this.offsets, new Uint32Array(capacity));
    this.codes = grown(this.codes, new Uint8Array(capacity));
    this.flags = grown(this.flags, new Uint8Array(capacity));
    this.ids = grown(this.ids, new Float64Array(capacity));
  }
}

/** The source of the chunk that `load` decodes. */
interface EventsSource {
  lengthBytes: number;
  /** Copies the payload into a buffer and returns its length. */
  read: (into: Uint8Array) => number;
  names: readonly string[];
  /** Throws if the port of the entry is unknown or its payload is invalid. */
  check: (entry: PortEntry) => void;
}

/** The data that `load` stores about an entry. */
interface IndexedEntry {
  position: Position;
  code: number;
  flags: number;
  offset: number;
  id: number;
}

const FIRST_CAPACITY = 256;

const hasId = (entry: LogEntry): entry is BlockEntry =>
  entry.kind === 'blockRequest' || entry.kind === 'blockCompletion';

function grown<T extends Float64Array | Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
