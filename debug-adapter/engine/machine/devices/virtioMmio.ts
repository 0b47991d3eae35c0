import type { State } from '../../base/state.ts';
import { bigint, boolean, checkedState, list, type Loaded, number, numberSet, record } from '../../base/stateCodec.ts';
import { BadQueueError, QUEUE_SIZE_MAX } from './descriptorChain.ts';
import type { DeviceContext } from './device.ts';
import { pageShift } from './virtioLegacy.ts';
import {
  CONFIGURATION,
  CONFIGURATION_GENERATION,
  DEVICE_FEATURES,
  DEVICE_FEATURES_SELECT,
  DEVICE_ID,
  DRIVER_FEATURES,
  DRIVER_FEATURES_SELECT,
  FEATURE_VERSION_1,
  GUEST_PAGE_SIZE,
  INTERRUPT_ACKNOWLEDGE,
  INTERRUPT_CONFIGURATION,
  INTERRUPT_STATUS,
  INTERRUPT_USED_BUFFER,
  LEGACY_VERSION,
  MAGIC,
  MAGIC_VALUE,
  MODERN_VERSION,
  QEMU_VENDOR,
  QUEUE_ADDRESSES,
  QUEUE_ALIGNMENT,
  QUEUE_NOTIFY,
  QUEUE_PAGE,
  QUEUE_READY,
  QUEUE_SELECT,
  QUEUE_SIZE,
  QUEUE_SIZE_MAX_REGISTER,
  SHARED_MEMORY_LENGTH_HIGH,
  SHARED_MEMORY_LENGTH_LOW,
  STATUS,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
  VENDOR_ID,
  VERSION,
} from './virtioRegisters.ts';
import type { VirtioBackend, VirtioTransport, VirtioTransportOptions } from './virtioTransport.ts';
import { QUEUE_STATE, type RingAddresses, Virtqueue } from './virtqueue.ts';

/**
 * The virtio-mmio transport, modern (version 2): virtio 1.2, section 4.2.2, with split virtqueues. It handles the
 * registers, features, status, interrupts and queues; the backend implements the device itself. With `legacy`, the
 * transport is version 1 (4.2.4): there are 32 features, which take effect when they are written, and each queue
 * occupies one range of pages, given by the number of its first page.
 *
 * The transport behaves like QEMU's hw/virtio/virtio-mmio.c and virtio.c, even where QEMU deviates from the
 * specification. Features that the guest accepts but the device does not offer are dropped, and VIRTIO_F_VERSION_1 is
 * not required (xv6 accepts none of feature bits 32 to 63). The selectors, the driver's features and a modern queue's
 * registers survive a guest reset. QUEUE_READY can be written for queues that do not exist, and writing 0 does not stop
 * a queue. After a guest violates a queue rule, the device processes no more requests until the guest resets it. With
 * VIRTIO_F_VERSION_1, the device reports the violation by setting DEVICE_NEEDS_RESET and raising an interrupt.
 */
export class VirtioMmio implements VirtioTransport {
  readonly name: string;
  readonly stateCodec: ReturnType<typeof stateFor>;
  private readonly context: DeviceContext;
  private readonly backend: VirtioBackend;
  private readonly legacy: boolean;
  private readonly features: bigint;
  private state: TransportState;
  private readonly queues: Virtqueue[] = [];

  constructor(options: VirtioTransportOptions) {
    this.name = options.name;
    this.context = options.context;
    this.backend = options.backend;
    this.legacy = options.legacy ?? false;
    const { features, queueCount, queueSizeDefault } = options.backend;
    this.features = this.legacy ? features & ~FEATURE_VERSION_1 : features;
    for (let queue = 0; queue < queueCount; queue++) {
      this.queues.push(new Virtqueue(options.memory, queueSizeDefault));
    }
    this.stateCodec = stateFor(queueCount);
    this.state = {
      status: 0,
      interruptStatus: 0,
      configurationGeneration: 0,
      deviceFeaturesSelect: false,
      driverFeaturesSelect: false,
      driverFeatures: 0n,
      negotiated: 0n,
      queueSelect: 0,
      guestPageShift: 0,
      isBroken: false,
      readyQueues: new Set(),
      queueRegisters: this.queues.map(() => ({ size: 0, halves: [0, 0, 0, 0, 0, 0] })),
    };
  }

  queue(index: number): Virtqueue {
    return this.queues[index];
  }

  get isBroken(): boolean {
    return this.state.isBroken;
  }

  hasFeature(feature: bigint): boolean {
    return (this.state.negotiated & feature) !== 0n;
  }

  get driverIsReady(): boolean {
    return (this.state.status & STATUS_DRIVER_OK) !== 0;
  }

  /** Signals a used buffer if the guest requested a notification. */
  interruptForUsedBuffer(): void {
    this.setInterruptStatus(this.state.interruptStatus | INTERRUPT_USED_BUFFER);
  }

  read(offset: number, sizeBytes: 1 | 2 | 4): number {
    if (offset >= CONFIGURATION) return this.readConfiguration(offset - CONFIGURATION, sizeBytes);
    // 4.2.2.2: the driver uses only aligned 32-bit accesses for the registers.
    return sizeBytes === 4 ? this.readRegister(offset) : 0;
  }

  write(offset: number, value: number, sizeBytes: 1 | 2 | 4): void {
    if (offset >= CONFIGURATION || sizeBytes !== 4) return;
    const before = this.backend.deadline();
    this.guarded(() => this.writeRegister(offset, value));
    // If the interrupt line changed, the PLIC itself calls `requestAttention`.
    if (this.backend.deadline() !== before) this.context.requestAttention();
  }

  saveState(): State {
    return this.stateCodec.save({ ...this.state, queues: this.queues.map((queue) => queue.saveState()) });
  }

  loadState(saved: State): void {
    const { queues, ...state } = this.stateCodec.load(saved);
    this.state = state;
    queues.forEach((queue, i) => this.queues[i].loadState(queue));
  }

  private readRegister(offset: number): number {
    const queue: Virtqueue | undefined = this.queues[this.state.queueSelect];
    switch (offset) {
      case MAGIC_VALUE:
        return MAGIC;
      case VERSION:
        return this.legacy ? LEGACY_VERSION : MODERN_VERSION;
      case DEVICE_ID:
        return this.backend.deviceId;
      case VENDOR_ID:
        return QEMU_VENDOR;
      case DEVICE_FEATURES:
        return word(this.features, this.state.deviceFeaturesSelect);
      case QUEUE_SIZE_MAX_REGISTER:
        return queue ? QUEUE_SIZE_MAX : 0;
      case QUEUE_READY:
        return !this.legacy && this.state.readyQueues.has(this.state.queueSelect) ? 1 : 0;
      case QUEUE_PAGE:
        return this.legacy && queue ? Math.floor(queue.descriptors / 2 ** this.state.guestPageShift) % 2 ** 32 : 0;
      case INTERRUPT_STATUS:
        return this.state.interruptStatus;
      case STATUS:
        return this.state.status;
      case CONFIGURATION_GENERATION:
        return this.legacy ? 0 : this.state.configurationGeneration;
      case SHARED_MEMORY_LENGTH_LOW:
      case SHARED_MEMORY_LENGTH_HIGH:
        return 0xffffffff; // 4.2.2: the length of a region that does not exist reads as -1.
      default: // Write-only and unknown registers.
        return 0;
    }
  }

  private readConfiguration(offset: number, sizeBytes: number): number {
    const bytes = this.backend.configuration;
    // As in QEMU, reads past the end return all ones.
    if (offset + sizeBytes > bytes.length) return 2 ** (8 * sizeBytes) - 1;
    let value = 0;
    for (let i = sizeBytes - 1; i >= 0; i--) value = value * 256 + bytes[offset + i];
    return value;
  }

  private writeRegister(offset: number, value: number): void {
    switch (offset) {
      case DEVICE_FEATURES_SELECT:
        this.state.deviceFeaturesSelect = value !== 0;
        return;
      case DRIVER_FEATURES:
        return this.writeDriverFeatures(value);
      case DRIVER_FEATURES_SELECT:
        this.state.driverFeaturesSelect = value !== 0;
        return;
      case QUEUE_SELECT:
        if (value < QUEUES_MAX) this.state.queueSelect = value;
        return;
      case QUEUE_NOTIFY:
        if (!this.state.isBroken && this.queues[value]?.hasAddresses) this.backend.handleNotification(value);
        return;
      case INTERRUPT_ACKNOWLEDGE:
        return this.setInterruptStatus(this.state.interruptStatus & ~value);
      case STATUS:
        return this.writeStatus(value & 0xff);
      default:
        if (this.legacy) this.writeLegacyQueueRegister(offset, value);
        else this.writeQueueRegister(offset, value);
    }
  }

  private writeDriverFeatures(value: number): void {
    if (!this.legacy) {
      this.state.driverFeatures = withWord(this.state.driverFeatures, this.state.driverFeaturesSelect, value);
      return;
    }
    // 4.2.4: a legacy device has only feature bits 0 to 31, and a write takes effect unless FEATURES_OK is already set.
    if (!this.state.driverFeaturesSelect) this.negotiate(BigInt(value));
  }

  private negotiate(features: bigint): void {
    if (!(this.state.status & STATUS_FEATURES_OK)) this.state.negotiated = features & this.features;
  }

  private writeLegacyQueueRegister(offset: number, value: number): void {
    const queue: Virtqueue | undefined = this.queues[this.state.queueSelect];
    switch (offset) {
      case GUEST_PAGE_SIZE:
        this.state.guestPageShift = pageShift(value);
        return;
      case QUEUE_SIZE:
        queue?.setSize(value);
        return queue?.setLegacyLayout();
      case QUEUE_ALIGNMENT:
        return queue?.setAlignment(value);
      case QUEUE_PAGE:
        // As in QEMU, removing one queue resets the device.
        if (value === 0) return this.resetRegisters();
        return queue?.setLegacyLayout(value * 2 ** this.state.guestPageShift);
      default: // Read-only and unknown registers.
        return;
    }
  }

  private writeQueueRegister(offset: number, value: number): void {
    const registers: QueueRegisters | undefined = this.state.queueRegisters[this.state.queueSelect];
    if (offset === QUEUE_READY) return this.writeQueueReady(value !== 0);
    if (!registers) return;
    const half = QUEUE_ADDRESSES.indexOf(offset);
    if (half >= 0) registers.halves[half] = value;
    if (offset !== QUEUE_SIZE) return;
    registers.size = value;
    this.queues[this.state.queueSelect].setSize(value);
  }

  private writeQueueReady(ready: boolean): void {
    if (!ready) {
      this.state.readyQueues.delete(this.state.queueSelect);
      return;
    }
    this.state.readyQueues.add(this.state.queueSelect);
    const queue: Virtqueue | undefined = this.queues[this.state.queueSelect];
    if (!queue) return;
    const { size, halves } = this.state.queueRegisters[this.state.queueSelect];
    queue.setSize(size);
    queue.setAddresses(ringAddresses(halves));
  }

  private writeStatus(status: number): void {
    if (!this.legacy && status & STATUS_FEATURES_OK) this.negotiate(this.state.driverFeatures);
    this.state.status = status;
    if (status === 0) this.resetRegisters();
    else if (status & STATUS_DRIVER_OK) this.backend.driverIsReady?.();
  }

  private resetRegisters(): void {
    this.backend.cancelRequests();
    this.state.isBroken = false;
    this.state.status = 0;
    this.state.negotiated = 0n;
    this.state.queueSelect = 0;
    this.state.readyQueues.clear();
    this.queues.forEach((queue) => queue.reset());
    this.setInterruptStatus(0);
  }

  /**
   * Runs an operation that accesses queues: a BadQueueError puts the device into the broken state instead of stopping
   * the machine.
   */
  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof BadQueueError)) throw error;
      this.break();
    }
  }

  /** QEMU virtio.c, virtio_error: drivers before version 1 do not support DEVICE_NEEDS_RESET. */
  private break(): void {
    if (this.hasFeature(FEATURE_VERSION_1)) {
      this.state.status |= STATUS_NEEDS_RESET;
      if (this.driverIsReady) {
        this.state.configurationGeneration++;
        this.setInterruptStatus(this.state.interruptStatus | INTERRUPT_USED_BUFFER | INTERRUPT_CONFIGURATION);
      }
    }
    this.state.isBroken = true;
  }

  /** A broken device's interrupt line stays at its current level. */
  private setInterruptStatus(status: number): void {
    this.state.interruptStatus = status;
    if (!this.state.isBroken) this.context.setInterrupt(status !== 0);
  }
}

const stateFor = (queueCount: number) =>
  record({
    status: number,
    interruptStatus: number,
    configurationGeneration: number,
    /** Whether feature bits 32 to 63 are selected. */
    deviceFeaturesSelect: boolean,
    driverFeaturesSelect: boolean,
    /** The features that the guest wrote, and the subset that was accepted when it set FEATURES_OK. */
    driverFeatures: bigint,
    negotiated: bigint,
    queueSelect: number,
    /** Legacy: log2 of the page size, which is the unit of QUEUE_PAGE. It survives a guest reset. */
    guestPageShift: number,
    isBroken: boolean,
    /** Modern: the numbers of the queues whose QUEUE_READY reads as 1. */
    readyQueues: numberSet,
    /** Modern: the registers of each queue before the queue becomes ready. */
    queueRegisters: list(QUEUE_REGISTERS, queueCount),
    queues: list(checkedState(QUEUE_STATE), queueCount),
  });

type TransportState = Omit<Loaded<ReturnType<typeof stateFor>>, 'queues'>;

/**
 * The queue size, and the low and high halves of the addresses of the descriptors, the available ring and the used
 * ring. These registers survive a guest reset.
 */
const QUEUE_REGISTERS = record({ size: number, halves: list(number, 6) });
type QueueRegisters = Loaded<typeof QUEUE_REGISTERS>;

function ringAddresses(halves: readonly number[]): RingAddresses {
  const [descriptors, available, used] = [0, 2, 4].map((half) => halves[half + 1] * 2 ** 32 + halves[half]);
  return { descriptors, available, used };
}

/** QEMU's VIRTIO_QUEUE_MAX: this many queues can be selected, although most do not exist. */
const QUEUES_MAX = 1024;

/**
 * The 32 features that a feature selector selects: 0 selects bits 0 to 31, and any other value selects bits 32 to 63.
 */
function word(features: bigint, upper: boolean): number {
  return Number((upper ? features >> 32n : features) & 0xffffffffn);
}

function withWord(features: bigint, upper: boolean, value: number): bigint {
  const shift = upper ? 32n : 0n;
  return (features & ~(0xffffffffn << shift)) | (BigInt(value) << shift);
}
