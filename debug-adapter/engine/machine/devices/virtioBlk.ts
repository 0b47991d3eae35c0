import { BLOCK_OPERATIONS, BLOCK_STATUSES, type BlockStatus } from '../../block/blockRequest.ts';
import type { Drive } from '../../block/drive.ts';
import type { State } from '../../base/state.ts';
import {
  checkedState,
  list,
  type Loaded,
  number,
  oneOf,
  record,
  type StateCodec,
  variants,
} from '../../base/stateCodec.ts';
import { transferBuffer } from '../../base/hashMemory.ts';
import { BadQueueError, type Chain, type Segment, SEGMENT_STATE } from './descriptorChain.ts';
import type { DeviceContext, GuestMemory, TimedDevice } from './device.ts';
import { copyIn, copyOut, totalBytes, slice } from './segments.ts';
import { FEATURE_VERSION_1 } from './virtioRegisters.ts';
import { VirtioMmio, type VirtioBackend, type VirtioTransport, type VirtioTransportOptions } from './virtioMmio.ts';

/**
 * The guest's disk: virtio-blk (virtio 1.2, section 5.2) over virtio-mmio, with its data in a Drive. On a notification,
 * the device takes all waiting requests and starts each one on the drive. Requests complete in the order in which they
 * were submitted, one per step. The virtual time of each completion depends only on the request's length and on earlier
 * requests. In both directions, data is transferred only at completion.
 *
 * A request in flight stores the guest addresses of its buffers, so its saved state does not depend on data that the
 * guest could change in the meantime. If the guest resets the device while requests are in flight, these requests
 * complete on the drive in order, but no longer access guest memory.
 */
export class VirtioBlk implements TimedDevice, VirtioBackend {
  readonly name: string;
  readonly stateCodec: ReturnType<typeof stateFor>;
  readonly deviceId = BLOCK_DEVICE_ID;
  readonly features: bigint;
  readonly configuration: Uint8Array;
  readonly queueCount = 1;
  readonly queueSizeDefault = 256;
  private readonly context: DeviceContext;
  private readonly memory: GuestMemory;
  private readonly drive: Drive;
  private readonly padsIdentity: boolean;
  private readonly transport: VirtioTransport;
  /** The requests in flight, in the order in which they were submitted, which is also the order of completion. */
  private pending: PendingRequest[] = [];

  constructor(options: {
    name?: string;
    context: DeviceContext;
    memory: GuestMemory;
    drive: Drive;
    legacy?: boolean;
    transport?: new (options: VirtioTransportOptions) => VirtioTransport;
    /** For recordings in formats 2 to 4: the device ID string is always padded to 20 bytes. */
    isBefore5?: boolean;
  }) {
    this.name = options.name ?? 'virtio0';
    this.context = options.context;
    this.memory = options.memory;
    this.drive = options.drive;
    this.padsIdentity = options.isBefore5 ?? false;
    this.features = FEATURES | (options.drive.readOnly ? FEATURE_READ_ONLY : 0n);
    this.configuration = configurationFor(options.drive);
    const Transport = options.transport ?? VirtioMmio;
    this.transport = new Transport({ ...options, name: this.name, backend: this });
    this.stateCodec = stateFor(this.transport.stateCodec);
  }

  read(offset: number, sizeBytes: 1 | 2 | 4): number {
    return this.transport.read(offset, sizeBytes);
  }

  write(offset: number, value: number, sizeBytes: 1 | 2 | 4): void {
    this.transport.write(offset, value, sizeBytes);
  }

  deadline(): number {
    return this.pending.length > 0 ? this.pending[0].dueNanoseconds : Infinity;
  }

  /** Completes the oldest request. If the host cannot access the file, throws and leaves the request in flight. */
  act(): void {
    const request = this.pending[0];
    const { status, data } = this.perform(request);
    this.pending.shift();
    if (this.transport.isBroken) return;
    if (request.work.kind !== 'drive' || request.work.operation === 'read') {
      copyIn(this.memory, data, request.dataSegments);
    }
    this.memory.writeU8(request.statusAddress, STATUS_BYTE[status]);
    const used = { head: request.head, writtenBytes: request.writableBytes };
    const wanted = this.transport.queue(0).push(used, this.transport.hasFeature(FEATURE_EVENT_INDEX));
    if (wanted) this.transport.interruptForUsedBuffer();
  }

  handleNotification(index: number): void {
    const queue = this.transport.queue(index);
    const hasEventIndex = this.transport.hasFeature(FEATURE_EVENT_INDEX);
    try {
      for (let chain = queue.pop(hasEventIndex); chain; chain = queue.pop(hasEventIndex)) this.begin(chain);
    } catch (error) {
      // As in QEMU, request the next notification even though a broken device will ignore it.
      if (hasEventIndex) queue.requestNotification();
      throw error;
    }
  }

  /**
   * Requests that were started on the drive must complete there, because the drive's log contains them and their writes
   * may be in progress.
   */
  cancelRequests(): void {
    while (this.pending.length > 0) {
      this.perform(this.pending[0]);
      this.pending.shift();
    }
  }

  saveState(): State {
    return this.stateCodec.save({ transport: this.transport.saveState(), pending: this.pending });
  }

  loadState(state: State): void {
    const { transport, pending } = this.stateCodec.load(state);
    this.transport.loadState(transport);
    this.pending = pending;
  }

  private begin(chain: Chain): void {
    const parsed = parseRequest(this.memory, chain);
    const order = decodeRequest(this.memory, parsed, this.drive.lengthBytes);
    const work = order.kind === 'drive' ? this.beginOnDrive(order) : order;
    const dueNanoseconds = this.dueNanoseconds(order.kind === 'drive' ? order.lengthBytes : 0);
    const { head, statusAddress, writableBytes } = parsed;
    const dataSegments = order.kind === 'identify' ? parsed.writable : parsed.dataSegments;
    this.pending.push({ head, dueNanoseconds, work, dataSegments, statusAddress, writableBytes });
  }

  private beginOnDrive({ operation, offset, lengthBytes }: DriveCommand): DriveWork {
    const position = this.context.position();
    const id = this.drive.begin({ position, operation, offset, lengthBytes });
    return { kind: 'drive', id, operation, offset, lengthBytes };
  }

  private dueNanoseconds(lengthBytes: number): number {
    const own = this.context.now() + REQUEST_NANOSECONDS + Math.floor(lengthBytes / BYTES_PER_NANOSECOND);
    const previous = this.pending.at(-1)?.dueNanoseconds ?? 0;
    return Math.max(previous, own);
  }

  /**
   * The buffer for the drive operation. A write from a single guest buffer uses guest memory directly. Other requests
   * use a copy, because a read may fail partway through.
   */
  private dataFor({ operation, lengthBytes }: DriveWork, segments: Segment[]): Uint8Array {
    if (operation === 'write' && segments.length === 1) return this.memory.bytesAt(segments[0].address, lengthBytes);
    if (operation !== 'read' && operation !== 'write') return NO_BYTES;
    const data = transferBuffer(lengthBytes);
    if (operation === 'write') copyOut(this.memory, segments, data);
    return data;
  }

  /**
   * Performs a request, including its drive operation, but does not modify guest memory. The returned `data` contains
   * the bytes that the guest will read.
   */
  private perform({ work, dataSegments }: PendingRequest): { status: BlockStatus; data: Uint8Array } {
    switch (work.kind) {
      case 'answer':
        return { status: work.status, data: NO_BYTES };
      case 'identify':
        return { status: 'ok', data: identity(this.drive.id, this.padsIdentity) };
      case 'drive': {
        const data = this.dataFor(work, dataSegments);
        const status = this.drive.complete({ position: this.context.position(), id: work.id, data });
        return { status, data: status === 'ok' ? data : NO_BYTES };
      }
    }
  }
}

/** The work to do when a request is due: an operation on the drive, or an answer without one. */
const WORK = variants({
  drive: record({ id: number, operation: oneOf(...BLOCK_OPERATIONS), offset: number, lengthBytes: number }),
  identify: record({}),
  answer: record({ status: oneOf(...BLOCK_STATUSES) }),
});

type Work = Loaded<typeof WORK>;
type DriveWork = Extract<Work, { kind: 'drive' }>;
type Answer = Exclude<Work, { kind: 'drive' }>;

/** A decoded request, before it is started on the drive. */
type DriveCommand = Omit<DriveWork, 'id'>;
type BlockCommand = DriveCommand | Answer;

/** A request in flight. */
const PENDING_REQUEST = record({
  head: number,
  dueNanoseconds: number,
  work: WORK,
  /** The data buffers: writable for a read, readable for a write. */
  dataSegments: list(SEGMENT_STATE),
  statusAddress: number,
  /** The total number of writable bytes in the chain, which QEMU reports as the used length. */
  writableBytes: number,
});

type PendingRequest = Loaded<typeof PENDING_REQUEST>;

const stateFor = (transport: StateCodec<unknown>) =>
  record({ transport: checkedState(transport), pending: list(PENDING_REQUEST) });

interface ParsedRequest {
  head: number;
  type: number;
  sector: number;
  /** The chain without the header. */
  readable: Segment[];
  /** The chain without the status byte. */
  writable: Segment[];
  /** `writable` for a request that returns data to the guest, `readable` for all other requests. */
  dataSegments: Segment[];
  statusAddress: number;
  writableBytes: number;
  /** Whether the request has the buffers that a SCSI command needs. */
  isScsiCommand: boolean;
}

/**
 * Parses a struct virtio_blk_req (5.2.6): header, data and status byte, which the guest may split over buffers in any
 * way (2.7.4).
 */
function parseRequest(memory: GuestMemory, chain: Chain): ParsedRequest {
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
function decodeRequest(memory: GuestMemory, request: ParsedRequest, diskBytes: number): BlockCommand {
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
 * The answer to a zero-byte request, which needs no drive operation. As in QEMU, the request's offset must still be on
 * the disk.
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
  // 5.2.6.2: unknown flags, and "unmap" for a discard, are unsupported. As in QEMU, the error for an invalid range
  // takes precedence.
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

/**
 * The device ID string (5.2.6): at most 20 bytes of ASCII, without a terminating zero if it is 20 bytes long. As in
 * QEMU, a shorter ID is padded with a single zero.
 */
function identity(driveId: string, padsIdentity: boolean): Uint8Array {
  const bytes = new Uint8Array(padsIdentity ? IDENTITY_BYTES : Math.min(IDENTITY_BYTES, [...driveId].length + 1));
  bytes.set([...driveId].slice(0, IDENTITY_BYTES).map((letter) => letter.charCodeAt(0) & 0x7f));
  return bytes;
}

/**
 * The struct virtio_blk_config (5.2.4), up to and including write_zeroes_may_unmap. Fields that belong to features that
 * are not offered are 0.
 */
function configurationFor(drive: Drive): Uint8Array {
  const bytes = new Uint8Array(CONFIGURATION_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(Math.floor(drive.lengthBytes / SECTOR_BYTES)), true); // capacity
  view.setUint32(12, SEGMENTS_MAX, true); // seg_max
  view.setUint32(20, SECTOR_BYTES, true); // blk_size
  view.setUint32(36, RANGE_SECTORS_MAX, true); // max_discard_sectors
  view.setUint32(40, 1, true); // max_discard_seg
  view.setUint32(44, 1, true); // discard_sector_alignment
  view.setUint32(48, RANGE_SECTORS_MAX, true); // max_write_zeroes_sectors
  view.setUint32(52, 1, true); // max_write_zeroes_seg
  view.setUint8(56, 1); // write_zeroes_may_unmap
  return bytes;
}

const NO_BYTES = new Uint8Array(0);
const BLOCK_DEVICE_ID = 2;
const SECTOR_BYTES = 512;
const HEADER_BYTES = 16;
const IDENTITY_BYTES = 20;
const RANGE_BYTES = 16;
/** As in QEMU, the configuration ends with the last field that belongs to an offered feature. */
const CONFIGURATION_BYTES = 57;

/** The latency of a request: 10 us plus the transfer time at 4 GB/s, similar to a fast SSD. */
const REQUEST_NANOSECONDS = 10_000;
const BYTES_PER_NANOSECOND = 4;

/**
 * As in QEMU: 254 data segments, which, together with the header and the status, fill the 256 entries of QEMU's default
 * queue.
 */
const SEGMENTS_MAX = 254;
/** The value of QEMU's BDRV_REQUEST_MAX_SECTORS. */
const RANGE_SECTORS_MAX = 0x3fffff;
/**
 * A chain may contain the same RAM many times. This limit prevents a faulty guest from making the engine allocate
 * memory for the combined length of all buffers.
 */
const TRANSFER_BYTES_MAX = 256 * 1024 * 1024;

// 5.2.3, "Feature bits", and 6, "Reserved Feature Bits".
const FEATURE_SEGMENTS_MAX = 1n << 2n;
const FEATURE_READ_ONLY = 1n << 5n;
const FEATURE_BLOCK_SIZE = 1n << 6n;
const FEATURE_FLUSH = 1n << 9n;
const FEATURE_DISCARD = 1n << 13n;
const FEATURE_WRITE_ZEROES = 1n << 14n;
const FEATURE_INDIRECT_DESCRIPTORS = 1n << 28n;
const FEATURE_EVENT_INDEX = 1n << 29n;
/** QEMU 7.2 offers these plus GEOMETRY, TOPOLOGY, CONFIG_WCE and RING_RESET, which no driver needs. */
const FEATURES =
  FEATURE_SEGMENTS_MAX |
  FEATURE_BLOCK_SIZE |
  FEATURE_FLUSH |
  FEATURE_DISCARD |
  FEATURE_WRITE_ZEROES |
  FEATURE_INDIRECT_DESCRIPTORS |
  FEATURE_EVENT_INDEX |
  FEATURE_VERSION_1;

// 5.2.6, "Device Operation".
const TYPE_IN = 0;
const TYPE_OUT = 1; // also the bit for the data direction
const TYPE_SCSI = 2;
const TYPE_FLUSH = 4;
const TYPE_GET_ID = 8;
const TYPE_DISCARD = 11;
const TYPE_WRITE_ZEROES = 13;
const TYPE_BARRIER = 0x8000_0000;
const RANGE_UNMAP = 1;
const STATUS_BYTE: Record<BlockStatus, number> = { ok: 0, ioError: 1, unsupported: 2 };
