import { BLOCK_OPERATIONS, BLOCK_STATUSES } from '../../block/blockRequest.ts';
import { type Loaded, number, oneOf, record, variants } from '../../base/stateCodec.ts';
import { BadQueueError, type Chain, type Segment } from './descriptorChain.ts';
import type { GuestMemory } from './device.ts';
import { copyOut, slice, totalBytes } from './segments.ts';

/** The work to do when a request is due: an operation on the drive, or an answer that needs no such operation. */
export const WORK = variants({
  drive: record({ id: number, operation: oneOf(...BLOCK_OPERATIONS), offset: number, lengthBytes: number }),
  identify: record({}),
  answer: record({ status: oneOf(...BLOCK_STATUSES) }),
});

type Work = Loaded<typeof WORK>;
export type DriveWork = Extract<Work, { kind: 'drive' }>;
type Answer = Exclude<Work, { kind: 'drive' }>;

/** A decoded request, before it is started on the drive. */
export type DriveCommand = Omit<DriveWork, 'id'>;
type BlockCommand = DriveCommand | Answer;

/** A request in the available ring. */
export interface ParsedRequest {
  head: number;
  type: number;
  sector: number;
  /** The chain's readable buffers without the header. */
  readable: Segment[];
  /** The chain's writable buffers without the status byte. */
  writable: Segment[];
  /** `writable` for a request that returns data to the guest, `readable` for all other requests. */
  dataSegments: Segment[];
  statusAddress: number;
  writableBytes: number;
  /** Whether the request has the buffers that a SCSI command needs. */
  isScsiCommand: boolean;
}

/**
 * Parses a struct virtio_blk_req (virtio 1.2, 5.2.6): header, data and status byte. The guest may split them across
 * buffers in any way (2.7.4).
 */
export function parseRequest(memory: GuestMemory, chain: Chain): ParsedRequest {
  const readableBytes = totalBytes(chain.readable);
  const writableBytes = totalBytes(chain.writable);
  if (readableBytes < HEADER_BYTES || writableBytes < 1) throw new BadQueueError('a request without header or status');
  const { type, sector } = readHeader(memory, chain.readable);
  const readable = slice(chain.readable, HEADER_BYTES, readableBytes);
  const writable = slice(chain.writable, 0, writableBytes - 1);
  const last = chain.writable[chain.writable.length - 1];
  const statusAddress = last.address + last.lengthBytes - 1;
  const dataSegments = type & TYPE_OUT ? readable : writable;
  const isScsiCommand = chain.readable.length >= 2 && chain.writable.length >= 3;
  const data = { readable, writable, dataSegments };
  return { head: chain.head, type, sector, ...data, statusAddress, writableBytes, isScsiCommand };
}

function readHeader(memory: GuestMemory, segments: Segment[]): { type: number; sector: number } {
  const { address, lengthBytes } = segments[0];
  if (lengthBytes >= HEADER_BYTES) return { type: memory.readU32(address), sector: memory.readU64(address + 8) };
  const header = new Uint8Array(HEADER_BYTES);
  copyOut(memory, segments, header);
  const view = new DataView(header.buffer);
  return { type: view.getUint32(0, true), sector: Number(view.getBigUint64(8, true)) };
}

/** Decodes a request. Returns the answer directly if no drive operation is needed. */
export function decodeRequest(memory: GuestMemory, request: ParsedRequest, diskBytes: number): BlockCommand {
  // As in QEMU, request types that transfer no data may have the direction bit set, and a barrier bit is ignored.
  switch ((request.type & ~TYPE_OUT & ~TYPE_BARRIER) >>> 0) {
    case TYPE_IN:
      if (request.type & TYPE_OUT) return transfer('write', request.sector, totalBytes(request.readable), diskBytes);
      return transfer('read', request.sector, totalBytes(request.writable), diskBytes);
    case TYPE_FLUSH:
      return { kind: 'drive', operation: 'flush', offset: 0, lengthBytes: 0 };
    case TYPE_GET_ID:
      return { kind: 'identify' };
    case TYPE_DISCARD & ~TYPE_OUT:
    case TYPE_WRITE_ZEROES & ~TYPE_OUT:
      return rangeCommand(memory, request, diskBytes);
    case TYPE_SCSI:
      return { kind: 'answer', status: request.isScsiCommand ? 'unsupported' : 'ioError' };
    default:
      return { kind: 'answer', status: 'unsupported' };
  }
}

/**
 * The answer to a zero-byte request, which needs no drive operation. As in QEMU, the request's offset must nevertheless
 * lie within the disk.
 */
const emptyRequestAt = (offset: number, diskBytes: number): Answer => ({
  kind: 'answer',
  status: offset <= diskBytes ? 'ok' : 'ioError',
});

function transfer(operation: 'read' | 'write', sector: number, lengthBytes: number, diskBytes: number): BlockCommand {
  const offset = sector * SECTOR_BYTES;
  const possible =
    lengthBytes % SECTOR_BYTES === 0 && lengthBytes <= TRANSFER_BYTES_MAX && Number.isSafeInteger(offset + lengthBytes);
  if (!possible) return { kind: 'answer', status: 'ioError' };
  if (lengthBytes === 0) return emptyRequestAt(offset, diskBytes);
  return { kind: 'drive', operation, offset, lengthBytes };
}

/**
 * Decodes a struct virtio_blk_discard_write_zeroes (5.2.6): one range per request, which is the limit in the
 * configuration space.
 */
function rangeCommand(memory: GuestMemory, { type, readable }: ParsedRequest, diskBytes: number): BlockCommand {
  const payloadBytes = totalBytes(readable);
  if (payloadBytes > RANGE_BYTES || !(type & TYPE_OUT)) return { kind: 'answer', status: 'unsupported' };
  if (payloadBytes < RANGE_BYTES) throw new BadQueueError('a discard or write-zeroes request without a range');
  const payload = new Uint8Array(RANGE_BYTES);
  copyOut(memory, readable, payload);
  const view = new DataView(payload.buffer);
  const sectors = view.getUint32(8, true);
  const flags = view.getUint32(12, true);
  const offset = Number(view.getBigUint64(0, true)) * SECTOR_BYTES;
  const lengthBytes = sectors * SECTOR_BYTES;
  const isDiscard = (type & ~TYPE_BARRIER) === TYPE_DISCARD;
  // 5.2.6.2: a request with unknown flags, or a discard with the "unmap" flag, is unsupported. As in QEMU, the error
  // for an invalid range takes precedence.
  if (flags & ~(isDiscard ? 0 : RANGE_UNMAP)) {
    const isInRange = sectors <= RANGE_SECTORS_MAX && offset + lengthBytes <= diskBytes;
    return { kind: 'answer', status: isInRange ? 'unsupported' : 'ioError' };
  }
  if (sectors > RANGE_SECTORS_MAX || !Number.isSafeInteger(offset + lengthBytes)) {
    return { kind: 'answer', status: 'ioError' };
  }
  if (sectors === 0) return emptyRequestAt(offset, diskBytes);
  return { kind: 'drive', operation: isDiscard ? 'discard' : 'writeZeroes', offset, lengthBytes };
}

export const SECTOR_BYTES = 512;
const HEADER_BYTES = 16;
const RANGE_BYTES = 16;
/** The value of QEMU's BDRV_REQUEST_MAX_SECTORS. */
export const RANGE_SECTORS_MAX = 0x3fffff;
/**
 * The buffers of a chain may refer to the same RAM many times. This limit prevents a faulty guest from making the
 * engine allocate memory for the combined length of all buffers.
 */
const TRANSFER_BYTES_MAX = 256 * 1024 * 1024;

// virtio 1.2, 5.2.6, "Device Operation".
const TYPE_IN = 0;
const TYPE_OUT = 1; // also the bit for the data direction
const TYPE_SCSI = 2;
const TYPE_FLUSH = 4;
const TYPE_GET_ID = 8;
const TYPE_DISCARD = 11;
const TYPE_WRITE_ZEROES = 13;
const TYPE_BARRIER = 0x8000_0000;
const RANGE_UNMAP = 1;
