import type { BlockStatus } from '../../block/blockRequest.ts';
import type { Drive } from '../../block/drive.ts';
import type { State } from '../../base/state.ts';
import { checkedState, list, type Loaded, number, record, type StateCodec } from '../../base/stateCodec.ts';
import { transferBuffer } from '../../base/hashMemory.ts';
import { type Chain, type Segment, SEGMENT_STATE } from './descriptorChain.ts';
import type { DeviceContext, GuestMemory, TimedDevice } from './device.ts';
import { copyIn, copyOut } from './segments.ts';
import { configurationFor, FEATURE_EVENT_INDEX, featuresFor, identity } from './virtioBlkConfiguration.ts';
import { decodeRequest, type DriveCommand, type DriveWork, parseRequest, WORK } from './virtioBlkRequest.ts';
import { VirtioMmio } from './virtioMmio.ts';
import type { VirtioBackend, VirtioTransport, VirtioTransportOptions } from './virtioTransport.ts';

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
  private readonly onRequest: (drive: string, command: DriveCommand) => void;
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
    /** Called when a request begins on the drive. */
    onRequest?: (drive: string, command: DriveCommand) => void;
  }) {
    this.name = options.name ?? 'virtio0';
    this.context = options.context;
    this.memory = options.memory;
    this.drive = options.drive;
    this.padsIdentity = options.isBefore5 ?? false;
    this.onRequest = options.onRequest ?? (() => undefined);
    this.features = featuresFor(options.drive);
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

  private beginOnDrive(command: DriveCommand): DriveWork {
    const { operation, offset, lengthBytes } = command;
    const position = this.context.position();
    const id = this.drive.begin({ position, operation, offset, lengthBytes });
    this.onRequest(this.drive.id, command);
    return { kind: 'drive', id, operation, offset, lengthBytes };
  }

  private dueNanoseconds(lengthBytes: number): number {
    const own = this.context.now() + REQUEST_NANOSECONDS + Math.floor(lengthBytes / BYTES_PER_NANOSECOND);
    const previous = this.pending.at(-1)?.dueNanoseconds ?? 0;
    return Math.max(previous, own);
  }

  /**
   * The buffer for the drive operation. A write from a single guest buffer uses guest memory directly. A write from
   * several buffers uses a copy; so does a read, because it may fail partway through.
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

const NO_BYTES = new Uint8Array(0);
const BLOCK_DEVICE_ID = 2;
/** The latency of a request: 10 us plus the transfer time at 4 GB/s, similar to a fast SSD. */
const REQUEST_NANOSECONDS = 10_000;
const BYTES_PER_NANOSECOND = 4;

const STATUS_BYTE: Record<BlockStatus, number> = { ok: 0, ioError: 1, unsupported: 2 };
