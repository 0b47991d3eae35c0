import type { Location } from '../dwarf/expression.ts';
import type { Frame } from '../unwinding/frame.ts';
import { fromBytes, toBytes } from '../littleEndian.ts';
import type { ValueLocation } from './value.ts';

/** The source of a value's bytes, which `readStorage` reads. */
export type Storage =
  | { kind: 'memory'; address: bigint; frame: Frame }
  | { kind: 'register'; register: number; frame: Frame }
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'pieces'; pieces: StoragePiece[] }
  /** A pointer to a variable that is not in memory, or to a part of such a variable. */
  | { kind: 'implicitPointer'; dieKey: number; offsetBytes: number; frame: Frame }
  | { kind: 'optimizedOut' };

interface StoragePiece {
  sizeBits: number;
  /** The offset of the piece within `storage`. */
  offsetBits: number;
  storage: Storage;
}

export type ReadResult =
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'unreadable'; address: bigint }
  | { kind: 'syntheticPointer' }
  | { kind: 'optimizedOut' };

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
      return {
        kind: 'pieces',
        pieces: location.pieces.map((piece) => ({ ...piece, storage: storageOf(piece.location, frame) })),
      };
    case 'implicitPointer':
      return { kind: 'implicitPointer', dieKey: location.dieKey, offsetBytes: location.offsetBytes, frame };
    case 'unavailable':
      return OPTIMIZED_OUT;
  }
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
      return readPieces(storage.pieces, offset * 8, lengthBytes * 8);
    case 'implicitPointer':
      return { kind: 'syntheticPointer' };
    case 'optimizedOut':
      return { kind: 'optimizedOut' };
  }
}

/** The implicit pointer at an offset, if there is one. */
export function implicitPointerIn(
  storage: Storage,
  offsetBytes: number,
): (Storage & { kind: 'implicitPointer' }) | undefined {
  if (storage.kind === 'implicitPointer') return offsetBytes === 0 ? storage : undefined;
  if (storage.kind !== 'pieces') return undefined;
  let start = 0;
  for (const piece of storage.pieces) {
    if (start === offsetBytes * 8) return implicitPointerIn(piece.storage, piece.offsetBits / 8);
    start += piece.sizeBits;
  }
  return undefined;
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

function slice(bytes: Uint8Array, offset: number, lengthBytes: number): ReadResult {
  if (offset + lengthBytes > bytes.length) return { kind: 'optimizedOut' };
  return { kind: 'bytes', bytes: bytes.subarray(offset, offset + lengthBytes) };
}

/**
 * Reads bits of a value that is split into pieces. The first of these bits is bit 0 of the result. If some of the bits
 * are unavailable, the result is unavailable.
 */
export function readPieces(pieces: readonly StoragePiece[], firstBit: number, widthBits: number): ReadResult {
  const bytes = new Uint8Array(Math.ceil(widthBits / 8));
  let filled = 0;
  let start = 0;
  for (const { sizeBits, offsetBits, storage } of pieces) {
    const from = Math.max(firstBit, start);
    const to = Math.min(firstBit + widthBits, start + sizeBits);
    if (from < to) {
      const part = readBits(storage, offsetBits + from - start, to - from);
      if (part.kind !== 'bytes') return part;
      if (!placeBits(bytes, from - firstBit, part.bytes)) return { kind: 'optimizedOut' };
      filled += to - from;
    }
    start += sizeBits;
  }
  return filled === widthBits ? { kind: 'bytes', bytes } : { kind: 'optimizedOut' };
}

function readBits(storage: Storage, firstBit: number, widthBits: number): ReadResult {
  const shift = firstBit % 8;
  const result = readStorage(storage, Math.floor(firstBit / 8), Math.ceil((shift + widthBits) / 8));
  if (result.kind !== 'bytes' || (shift === 0 && widthBits % 8 === 0)) return result;
  // Compilers use pieces of partial bytes only for small values.
  if (widthBits > BITS_MAX) return { kind: 'optimizedOut' };
  const value = BigInt.asUintN(widthBits, fromBytes(result.bytes) >> BigInt(shift));
  return { kind: 'bytes', bytes: toBytes(value, Math.ceil(widthBits / 8)) };
}

/** Inserts bits into `target` at a bit offset. The unused bits of `bits` must be 0. */
function placeBits(target: Uint8Array, atBit: number, bits: Uint8Array): boolean {
  if (atBit % 8 === 0) {
    for (let i = 0; i < bits.length; i++) target[atBit / 8 + i] |= bits[i];
    return true;
  }
  if (bits.length * 8 > BITS_MAX) return false;
  const first = Math.floor(atBit / 8);
  const shifted = toBytes(fromBytes(bits) << BigInt(atBit % 8), Math.min(bits.length + 1, target.length - first));
  for (let i = 0; i < shifted.length; i++) target[first + i] |= shifted[i];
  return true;
}

const BITS_MAX = 4096;
