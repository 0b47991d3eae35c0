import { ByteReader, ByteWriter, Malformed } from '../base/bytes.ts';
import type { Position } from '../base/quantities.ts';
import { chunkFlaws } from '../../messages/recordingDamage.ts';
import type { PlacedChunk } from './chunk.ts';

/** A part of the guest's console output. `positions` contains the position of each byte; positions never decrease. */
export interface ConsoleOutput {
  bytes: Uint8Array;
  positions: Float64Array;
}

// The margin leaves space for the byte of output that exceeds the limit, which takes at most 9 bytes.
const CHUNK_BYTES = (64 << 10) - 16;

/**
 * Collects the console output of a recording that is being written. A replay prints the same output again, so the log
 * does not need it. It is stored so that a replay that skips a part of the recording can show what the guest printed
 * there. In the payload of a chunk, each byte is preceded by a varint: the distance from the previous byte's position
 * (from 0 for the first byte) to its own. Output that was printed before the end of an events chunk is always stored
 * before that chunk.
 */
export class ConsoleOutputWriter {
  private readonly payload = new ByteWriter();
  private lastPosition: Position = 0;
  private readonly chunks: PlacedChunk[] = [];

  /** Adds a byte that the guest printed. Positions must not decrease. */
  add(byte: number, position: Position): void {
    this.payload.varint(position - this.lastPosition);
    this.payload.byte(byte);
    this.lastPosition = position;
  }

  get isEmpty(): boolean {
    return this.payload.length === 0;
  }

  get isFull(): boolean {
    return this.payload.length >= CHUNK_BYTES;
  }

  /** Writes the output that was added since the last call. `write` writes a payload to the file. */
  writeChunk(write: (payload: Uint8Array) => PlacedChunk): void {
    this.chunks.push(write(this.payload.view()));
    this.payload.clear();
    this.lastPosition = 0;
  }

  /** The chunks that have been written so far. */
  contents(): PlacedChunk[] {
    return [...this.chunks];
  }
}

/** Decodes the payload of a chunk. Throws `Malformed`. */
export function decodeConsoleOutput(payload: Uint8Array): ConsoleOutput {
  const source = new ByteReader(payload);
  // Each byte of output takes at least two bytes of the payload.
  const bytes = new Uint8Array(payload.length >> 1);
  const positions = new Float64Array(payload.length >> 1);
  let count = 0;
  for (let position = 0; !source.done; count++) {
    position += source.varint();
    if (!Number.isSafeInteger(position)) throw new Malformed(chunkFlaws.numberTooLarge());
    positions[count] = position;
    bytes[count] = source.byte();
  }
  return { bytes: bytes.subarray(0, count), positions: positions.subarray(0, count) };
}
