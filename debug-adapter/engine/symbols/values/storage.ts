import type { Location } from '../dwarf/expression.ts';
import type { Frame } from '../unwinding/frame.ts';
import type { ValueLocation } from './value.ts';

/** The source of a value's bytes. The function `readStorage` reads the bytes. */
export type Storage =
  | { kind: 'memory'; address: bigint; frame: Frame }
  | { kind: 'register'; register: number; frame: Frame }
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'pieces'; pieces: StoragePiece[] }
  | { kind: 'optimizedOut' };

interface StoragePiece {
  sizeBytes: number;
  /** The offset of the piece within `storage`. */
  offsetBytes: number;
  storage: Storage;
}

export type ReadResult =
  { kind: 'bytes'; bytes: Uint8Array } | { kind: 'unreadable'; address: bigint } | { kind: 'optimizedOut' };

export const OPTIMIZED_OUT: Storage = { kind: 'optimizedOut' };

/** Resolves a location description in a frame. */
export function storageOf(location: Location, frame: Frame): Storage {
  switch (location.kind) {
    case 'memory':
      return { kind: 'memory', address: location.address, frame };
    case 'register':
      return { kind: 'register', register: location.register, frame };
    case 'value':
      return { kind: 'bytes', bytes: toBytes(location.value, 16) };
    case 'bytes':
      return { kind: 'bytes', bytes: location.bytes };
    case 'pieces':
      return { kind: 'pieces', pieces: location.pieces.map((piece) => pieceOf(piece, frame)) };
    case 'unavailable':
      return OPTIMIZED_OUT;
  }
}

/** Pieces that do not consist of whole bytes are not supported and count as optimized out. */
function pieceOf(
  { sizeBits, offsetBits, location }: { sizeBits: number; offsetBits: number; location: Location },
  frame: Frame,
): StoragePiece {
  const isWhole = sizeBits % 8 === 0 && offsetBits % 8 === 0;
  const storage = isWhole ? storageOf(location, frame) : OPTIMIZED_OUT;
  return { sizeBytes: Math.ceil(sizeBits / 8), offsetBytes: Math.floor(offsetBits / 8), storage };
}

export function readStorage(storage: Storage, offset: number, lengthBytes: number): ReadResult {
  switch (storage.kind) {
    case 'memory': {
      const address = BigInt.asUintN(64, storage.address + BigInt(offset));
      const bytes = storage.frame.view.readMemory(address, lengthBytes);
      return bytes ? { kind: 'bytes', bytes } : { kind: 'unreadable', address };
    }
    case 'register': {
      const value = storage.frame.register(storage.register);
      return value === undefined ? { kind: 'optimizedOut' } : slice(toBytes(value, 8), offset, lengthBytes);
    }
    case 'bytes':
      return slice(storage.bytes, offset, lengthBytes);
    case 'pieces':
      return readPieces(storage.pieces, offset, lengthBytes);
    case 'optimizedOut':
      return { kind: 'optimizedOut' };
  }
}

/** The location of the byte at an offset. */
export function locationOf(storage: Storage, offset: number): ValueLocation {
  switch (storage.kind) {
    case 'memory':
      return { kind: 'memory', address: BigInt.asUintN(64, storage.address + BigInt(offset)) };
    case 'register':
      return { kind: 'register', register: storage.register };
    case 'optimizedOut':
      return { kind: 'optimizedOut' };
    default:
      return { kind: 'computed' };
  }
}

export function toBytes(value: bigint, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let rest = BigInt.asUintN(sizeBytes * 8, value);
  for (let i = 0; rest > 0n; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

export function fromBytes(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function slice(bytes: Uint8Array, offset: number, lengthBytes: number): ReadResult {
  if (offset + lengthBytes > bytes.length) return { kind: 'optimizedOut' };
  return { kind: 'bytes', bytes: bytes.subarray(offset, offset + lengthBytes) };
}

function readPieces(pieces: StoragePiece[], offset: number, lengthBytes: number): ReadResult {
  const bytes = new Uint8Array(lengthBytes);
  let filled = 0;
  let start = 0;
  for (const { sizeBytes, offsetBytes, storage } of pieces) {
    const from = Math.max(offset, start);
    const to = Math.min(offset + lengthBytes, start + sizeBytes);
    if (from < to) {
      const part = readStorage(storage, offsetBytes + from - start, to - from);
      if (part.kind !== 'bytes') return part;
      bytes.set(part.bytes, from - offset);
      filled += to - from;
    }
    start += sizeBytes;
  }
  return filled === lengthBytes ? { kind: 'bytes', bytes } : { kind: 'optimizedOut' };
}
