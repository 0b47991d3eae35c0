/**
 * One operation of a script. The guest (test/guests/board/board.c) performs it and returns an answer. An access is a
 * read or write of a device register. The other operations wait, or read interrupt lines or RAM.
 */
export type Operation =
  | { kind: 'read'; address: number; bytes: Width; isTold?: false }
  | { kind: 'write'; address: number; bytes: Width; value: bigint }
  /** Waits for this number of 100 ns ticks, using hart 0's timer. */
  | { kind: 'wait'; ticks: number }
  /** Reads the bits of mip that the board drives: `lines` on hart 0, `otherLines` on hart 1. */
  | { kind: 'lines' }
  | { kind: 'otherLines' }
  /** Reads a checksum of RAM. */
  | { kind: 'sum'; address: number; lengthBytes: number }
  /** Waits until the 16 bits at an address have this value, because disk I/O takes time. */
  | { kind: 'settle'; address: number; value: number };

export type Width = 1 | 2 | 4 | 8;

/** `cause` is the cause of the resulting trap, or 0 if there is none. */
export interface Answer {
  value: bigint;
  cause: number;
}

export interface BoardOptions {
  harts: 1 | 2;
  /** Whether all virtio slots are legacy devices, as with QEMU's force-legacy option. */
  legacy: boolean;
}

// board.c contains the same addresses and numbers.
export const SCRIPT = 0x8010_0000;
export const ANSWERS = 0x8060_0000;
export const OPERATIONS_MAX = (ANSWERS - SCRIPT) / 16 - 1;
const KINDS = ['end', 'read', 'write', 'wait', 'lines', 'otherLines', 'sum', 'settle'];

export const RAM_BYTES = 32 << 20;
/** The address of a script's rings and buffers. */
export const SHARED = 0x8100_0000;
export const SHARED_BYTES = 0x2_0000;

export const DISK_BYTES = 128 * 512;
export const DISK_SLOT = 0;
export const RNG_SLOT = 7;
/** Milliseconds since 1970 at the start of a script. */
export const DATE = 1_700_000_000_000;

export function encodeScript(operations: readonly Operation[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(16 * (operations.length + 1)));
  operations.forEach((operation, i) => {
    const at = 16 * i;
    view.setUint8(at, KINDS.indexOf(operation.kind));
    if ('bytes' in operation) view.setUint8(at + 1, operation.bytes);
    if ('address' in operation) view.setUint32(at + 4, operation.address, true);
    view.setBigUint64(at + 8, valueOf(operation), true);
  });
  return new Uint8Array(view.buffer);
}

function valueOf(operation: Operation): bigint {
  switch (operation.kind) {
    case 'write':
      return operation.value;
    case 'wait':
      return BigInt(operation.ticks);
    case 'sum':
      return BigInt(operation.lengthBytes);
    case 'settle':
      return BigInt(operation.value);
    default:
      return 0n;
  }
}

export function decodeAnswers(bytes: Uint8Array, operations: readonly Operation[]): Answer[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return operations.map((_, i) => ({
    value: view.getBigUint64(16 * i, true),
    cause: Number(view.getBigUint64(16 * i + 8, true)),
  }));
}

export const isAccess = (operation: Operation): boolean =>
  (operation.kind === 'read' || operation.kind === 'write') && operation.address < 0x8000_0000;
