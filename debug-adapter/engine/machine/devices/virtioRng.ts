import type { State } from '../../base/state.ts';
import { checkedState, list, type Loaded, number, record, type StateCodec } from '../../base/stateCodec.ts';
import { SEGMENT_STATE } from './descriptorChain.ts';
import type { DeviceContext, GuestMemory, TimedDevice } from './device.ts';
import { copyIn, totalBytes } from './segments.ts';
import { FEATURE_VERSION_1 } from './virtioRegisters.ts';
import { VirtioMmio } from './virtioMmio.ts';
import type { VirtioBackend, VirtioTransport, VirtioTransportOptions } from './virtioTransport.ts';

/**
 * The guest's source of entropy: virtio-rng (virtio 1.2, section 5.4) over virtio-mmio. Requests are answered in order,
 * one per step, each after a fixed delay in virtual time. The bytes come from the host and are recorded, so a replay
 * returns the same bytes.
 */
export class VirtioRng implements TimedDevice, VirtioBackend {
  readonly name: string;
  readonly stateCodec: ReturnType<typeof stateFor>;
  readonly deviceId = ENTROPY_DEVICE_ID;
  readonly features: bigint;
  readonly configuration = new Uint8Array(0);
  readonly queueCount = 1;
  readonly queueSizeDefault = 8;
  private readonly context: DeviceContext;
  private readonly memory: GuestMemory;
  private readonly entropy: (lengthBytes: number) => Uint8Array;
  private readonly transport: VirtioTransport;
  private readonly isBefore5: boolean;
  private pending: PendingRequest[] = [];

  constructor(options: {
    name: string;
    context: DeviceContext;
    memory: GuestMemory;
    legacy?: boolean;
    entropy: (lengthBytes: number) => Uint8Array;
    transport?: new (options: VirtioTransportOptions) => VirtioTransport;
    /**
     * For recordings in formats 2 to 4: ANY_LAYOUT is not offered, and requests are still answered after the guest has
     * violated a queue rule.
     */
    isBefore5?: boolean;
  }) {
    this.name = options.name;
    this.isBefore5 = options.isBefore5 ?? false;
    this.features = options.legacy && !this.isBefore5 ? FEATURES | FEATURE_ANY_LAYOUT : FEATURES;
    this.context = options.context;
    this.memory = options.memory;
    this.entropy = options.entropy;
    const Transport = options.transport ?? VirtioMmio;
    this.transport = new Transport({ ...options, backend: this });
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

  act(): void {
    const { head, segments } = this.pending.shift()!;
    if (this.transport.isBroken && !this.isBefore5) return;
    const bytes = this.entropy(Math.min(totalBytes(segments), ANSWER_BYTES_MAX));
    copyIn(this.memory, bytes, segments);
    const used = { head, writtenBytes: bytes.length };
    const wanted = this.transport.queue(0).push(used, this.transport.hasFeature(FEATURE_EVENT_INDEX));
    if (wanted) this.transport.interruptForUsedBuffer();
  }

  /** As in QEMU, requests made before DRIVER_OK is set are answered only after it is set. */
  driverIsReady(): void {
    this.handleNotification(0);
  }

  handleNotification(queue: number): void {
    if (!this.transport.driverIsReady) return;
    for (;;) {
      const chain = this.transport.queue(queue).pop(this.transport.hasFeature(FEATURE_EVENT_INDEX));
      if (!chain) return;
      const dueNanoseconds = this.context.now() + REQUEST_NANOSECONDS;
      this.pending.push({ head: chain.head, dueNanoseconds, segments: chain.writable });
    }
  }

  cancelRequests(): void {
    this.pending = [];
  }

  saveState(): State {
    return this.stateCodec.save({ transport: this.transport.saveState(), pending: this.pending });
  }

  loadState(state: State): void {
    const { transport, pending } = this.stateCodec.load(state);
    this.transport.loadState(transport);
    this.pending = pending;
  }
}

const PENDING_REQUEST = record({ head: number, dueNanoseconds: number, segments: list(SEGMENT_STATE) });
type PendingRequest = Loaded<typeof PENDING_REQUEST>;

const stateFor = (transport: StateCodec<unknown>) =>
  record({ transport: checkedState(transport), pending: list(PENDING_REQUEST) });

const ENTROPY_DEVICE_ID = 4;
/** The latency of a request, which is the same as for a disk (see virtioBlk.ts). */
const REQUEST_NANOSECONDS = 10_000;
/**
 * 5.4.6.1: the device need not fill the buffer. This length limits how fast the recording grows, because the recording
 * stores every byte.
 */
const ANSWER_BYTES_MAX = 1024;

// virtio 1.2, 6, "Reserved Feature Bits". The entropy device defines no features of its own.
/** A feature that only legacy devices offer. */
const FEATURE_ANY_LAYOUT = 1n << 27n;
const FEATURE_INDIRECT_DESCRIPTORS = 1n << 28n;
const FEATURE_EVENT_INDEX = 1n << 29n;
const FEATURES = FEATURE_INDIRECT_DESCRIPTORS | FEATURE_EVENT_INDEX | FEATURE_VERSION_1;
