import type { BoardOptions, Operation } from './operation.ts';

/**
 * The differences from QEMU that docs/qemu-differences.md lists, under the same names. Each entry gives the operations
 * that scripts leave out, the bits of an answer that are not compared, or the reason why scripts do not encounter the
 * difference. A test compares these names with those in that document.
 */
export interface Exception {
  name: string;
  notEncountered?: string;
  excludes?: (operation: Operation, board: BoardOptions) => boolean;
  /** The bits of the answer that are compared. */
  compares?: (operation: Operation, board: BoardOptions) => bigint | undefined;
}

const SLOTS = 0x1000_1000;
const DISK = SLOTS;
const VIRTIO_END = SLOTS + 8 * 0x1000;

const isMisaligned = (operation: Operation): boolean =>
  'bytes' in operation && operation.address < 0x8000_0000 && operation.address % operation.bytes !== 0;

const inSlots = (operation: Operation): boolean =>
  'address' in operation && operation.address >= SLOTS && operation.address < VIRTIO_END;
const slotOffset = (operation: Operation): number => ('address' in operation ? operation.address % 0x1000 : -1);

/**
 * The feature bits that are not compared: GEOMETRY, TOPOLOGY and CONFIG_WCE, and on legacy devices also SCSI and
 * NOTIFY_ON_EMPTY.
 */
const FEATURES_LEFT_OUT = 0x0100_0c90n;
/** The only bit of the upper 32 feature bits that is not compared: RING_RESET. */
const UPPER_LEFT_OUT = 0x100n;

/** Whether a byte of the disk's configuration belongs to a feature that is not offered: geometry, topology or wce. */
const isUnsupported = (offset: number): boolean =>
  (offset >= 16 && offset < 20) || (offset >= 24 && offset < 33) || (offset >= 34 && offset < 36);

function comparedConfiguration(operation: Operation): bigint | undefined {
  if (operation.kind !== 'read' || operation.address < DISK + 0x100 || operation.address >= DISK + 0x200) {
    return undefined;
  }
  let mask = 0n;
  for (let i = 0; i < operation.bytes; i++) {
    if (!isUnsupported(operation.address - DISK - 0x100 + i)) mask |= 0xffn << BigInt(8 * i);
  }
  return mask;
}

export const EXCEPTIONS: readonly Exception[] = [
  { name: 'misaligned-device-access', excludes: isMisaligned },
  {
    name: 'virtio-features',
    excludes: (operation) =>
      operation.kind === 'write' &&
      inSlots(operation) &&
      slotOffset(operation) === 0x20 &&
      (operation.value & (FEATURES_LEFT_OUT | UPPER_LEFT_OUT)) !== 0n,
    compares: (operation) => {
      if (operation.kind === 'read' && inSlots(operation) && slotOffset(operation) === 0x10) {
        return ~(FEATURES_LEFT_OUT | UPPER_LEFT_OUT | (FEATURES_LEFT_OUT << 32n));
      }
      return comparedConfiguration(operation);
    },
  },
  {
    name: 'plic-source-96',
    excludes: (operation) => 'address' in operation && operation.address === 0x0c00_0180,
  },
  {
    name: 'disk-time',
    notEncountered: 'a script waits for each request, and avoids times at which results change',
  },
  { name: 'clock', notEncountered: 'QEMU runs with -icount, and no script compares the time' },
  { name: 'console-input', notEncountered: 'characters come from the loopback' },
  { name: 'reset-clears-ram', notEncountered: 'no script resets the machine' },
  { name: 'other-devices', notEncountered: 'no script accesses them' },
  { name: 'rng-length', notEncountered: 'requests are shorter' },
  { name: 'in-flight-at-reset', notEncountered: 'a script waits for each request' },
  { name: 'atomics-on-devices', notEncountered: 'the guest program uses none' },
  { name: 'fetch-outside-ram', notEncountered: 'the guest program is in RAM' },
  { name: 'dma-outside-ram', notEncountered: 'all rings and buffers are in RAM' },
  { name: 'queue-index-ahead', notEncountered: 'a script offers one request at a time' },
  {
    name: 'queue-resized-in-use',
    notEncountered: 'a script resets the device before it writes an invalid value to QUEUE_SIZE',
  },
  { name: 'rng-without-room', notEncountered: 'each request to the entropy device has a buffer' },
  {
    name: 'rng-period',
    notEncountered: 'a script resets an entropy device whose queue it broke, and notifies it of all requests',
  },
  { name: 'scsi-request', notEncountered: 'no script sends a complete one' },
  { name: 'long-request', notEncountered: 'requests are shorter' },
  { name: 'mtip-on-tick', notEncountered: 'interrupt lines are read long before or after a timer expires' },
  { name: 'mtime-wrap', notEncountered: 'mtime starts at 2^38 or less' },
];

/** Whether scripts may contain an operation. */
export const isIncluded = (operation: Operation, board: BoardOptions): boolean =>
  !EXCEPTIONS.some(({ excludes }) => excludes?.(operation, board));

/** The bits of a value that are compared. */
export function comparedBits(operation: Operation, value: bigint, board: BoardOptions): bigint {
  const masks = EXCEPTIONS.map(({ compares }) => compares?.(operation, board));
  const mask = masks.find((bits) => bits !== undefined) ?? -1n;
  return value & BigInt.asUintN(64, mask);
}
