import { ByteReader, Malformed } from '../base/bytes.ts';
import type { Position } from '../base/quantities.ts';
import type { BlockOperation, BlockStatus } from '../block/blockRequest.ts';
import { chunkFlaws } from '../../messages/recordingDamage.ts';

/**
 * The layout of log entries. The payload of an events chunk consists of a prologue (the first position, the distance to
 * the last position, and the set of entry kinds) and the entries. A payload can be decoded without any other chunks,
 * apart from the file's name table.
 *
 * An entry starts with a tag and the distance from the position of the previous entry. The low half of the tag is the
 * code of the kind, and the high half contains flags. A code that does not fit into the tag follows it
 * (`CODE_FOLLOWS`).
 *
 * Predictable values are omitted: a drive's requests and completions usually have consecutive ids, so an id is written
 * only for each drive's first request and first completion in a chunk, and where the ids are not consecutive. Offsets
 * and lengths are written in sectors if possible. A request and its completion together take about 25 bytes, 8 of which
 * are the digest. In an entry for a port's traffic, the flags contain the port number if it is low, and indicate
 * whether the payload is a single byte.
 */
export interface EventsSummary {
  firstPosition: Position;
  lastPosition: Position;
  /** The set of entry kinds in the chunk, as encoded by `kindMask`. */
  kinds: number;
}

/** Reads a payload's prologue. */
export function readPrologue(source: ByteReader): EventsSummary {
  const firstPosition = source.varint();
  const lastPosition = safeInteger(firstPosition + source.varint());
  return { firstPosition, lastPosition, kinds: source.varint() };
}

export const SECTOR_BYTES = 512;

export const OPERATIONS: readonly BlockOperation[] = ['read', 'write', 'flush', 'discard', 'writeZeroes'];
export const STATUSES: readonly BlockStatus[] = ['ok', 'ioError', 'unsupported'];

/** Flags in a blockRequest entry. Bits 0 to 2 of the flags are the operation. */
export const REQUEST_EXPLICIT = 8; // the entry contains its id, and its offset and length are in bytes
/** Flags in a blockCompletion entry. Bits 0 and 1 of the flags are the status. */
export const COMPLETION_ID_FOLLOWS = 4;
export const COMPLETION_NO_DIGEST = 8;
export const END_GUEST_EXIT_FOLLOWS = 1;
/** Flags in an input or answer entry. Bits 0 to 2 of the flags are the port number, or PORT_FOLLOWS. */
export const PORT_FOLLOWS = 7;
export const PAYLOAD_OF_ONE_BYTE = 8; // the payload is one byte long, and its length is omitted

/** The expected ids of a drive's next request and next completion. These are reset at the start of each chunk. */
export interface DriveIds {
  nextRequest: number;
  nextCompletion: number;
}

export function idsOf(all: Map<number, DriveIds>, drive: number): DriveIds {
  let ids = all.get(drive);
  if (ids === undefined) all.set(drive, (ids = { nextRequest: 0, nextCompletion: 0 }));
  return ids;
}

/**
 * The offset of a request as it is recorded. A guest can request any 64-bit sector; an offset above the largest safe
 * integer is recorded as the largest safe integer.
 */
export function loggedOffset(offset: number): number {
  return Math.min(offset, Number.MAX_SAFE_INTEGER);
}

export function safeInteger(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER) throw new Malformed(chunkFlaws.numberTooLarge());
  return value;
}
