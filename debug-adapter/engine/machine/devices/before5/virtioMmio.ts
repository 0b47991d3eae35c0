import type { State } from '../../../base/state.ts';
import { bigint, checkedState, list, type Loaded, number, record } from '../../../base/stateCodec.ts';
import { BadQueueError, QUEUE_SIZE_MAX } from '../descriptorChain.ts';
import type { DeviceContext, GuestMemory } from '../device.ts';
import { legacyQueueAddresses, pageShift } from '../virtioLegacy.ts';
import {
  CONFIGURATION,
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
} from '../virtioRegisters.ts';
import type { VirtioBackend, VirtioTransport } from '../virtioTransport.ts';
import { QUEUE_STATE_BEFORE5, VirtqueueBefore5 } from './virtqueue.ts';

/**
 * The virtio-mmio transport for replaying recordings in formats 2 to 4. Its behavior must not change; new behavior
 * belongs in ../virtioMmio.ts.
 *
 * The transport is modern (version 2): virtio 1.2, section 4.2.2, with split virtqueues. It handles the registers,
 * features, status, interrupts and queues; the backend implements the device itself. If the guest violates a queue
 * rule, the device sets DEVICE_NEEDS_RESET, sends a configuration interrupt and does nothing more until it is reset.
 *
 * As in QEMU, features that the guest accepts but the device does not offer are dropped, and VIRTIO_F_VERSION_1 is not
 * required: xv6 accepts none of feature bits 32 to 63.
 *
 * With `legacy`, the transport is version 1 (4.2.4), as in QEMU: there are 32 features, which take effect when they are
 * written, and each queue occupies one range of pages, given by the number of its first page.
 */
export class VirtioMmioBefore5 implements VirtioTransport {
  readonly name: string;
  readonly stateCodec: ReturnType<typeof stateFor>;
  private readonly context: DeviceContext;
  private readonly backend: VirtioBackend;
  private readonly legacy: boolean;
  private readonly features: bigint;
  private state: TransportState;
  private readonly queues: VirtqueueBefore5[] = [];

  constructor(options: {
    name: string;
    context: DeviceContext;
    memory: GuestMemory;
    backend: VirtioBackend;
    legacy?: boolean;
  }) {
    this.name = options.name;
    this.context = options.context;
    this.backend = options.backend;
    this.legacy = options.legacy ?? false;
    const { features } = options.backend;
    this.features = this.legacy ? features & ~FEATURE_VERSION_1 : features;
    for (let queue = 0; queue < options.backend.queueCount; queue++) {
      this.queues.push(new VirtqueueBefore5(options.memory));
    }
    this.stateCodec = stateFor(this.queues.length);
    this.state = {
      status: 0,
      interruptStatus: 0,
      deviceFeaturesSelect: 0,
      driverFeaturesSelect: 0,
      driverFeatures: 0n,
      negotiated: 0n,
      queueSelect: 0,
      guestPageShift: 0,
      queueRegisters: this.queues.map(newQueueRegisters),
    };
  }

  queue(index: number): VirtqueueBefore5 {
    return this.queues[index];
  }

  hasFeature(feature: bigint): boolean {
    return (this.state.negotiated & feature) !== 0n;
  }

  /** Whether the guest violated a queue rule. If so, the device does nothing more until the guest resets it. */
  get needsReset(): boolean {
    return (this.state.status & STATUS_NEEDS_RESET) !== 0;
  }

  get isBroken(): boolean {
    return this.needsReset;
  }

  /** Always true, because recordings in formats 2 to 4 are replayed without checking DRIVER_OK. */
  get driverIsReady(): boolean {
    return true;
  }

  /** Signals a used buffer if the guest requested a notification. */
  interruptForUsedBuffer(): void {
    this.setInterruptStatus(this.state.interruptStatus | INTERRUPT_USED_BUFFER);
  }

  /**
   * virtio 1.2, 2.1.2: after setting DEVICE_NEEDS_RESET, a device whose driver is running sends a configuration change
   * notification.
   */
  fail(): void {
    this.state.status |= STATUS_NEEDS_RESET;
    if (this.state.status & STATUS_DRIVER_OK)
      this.setInterruptStatus(this.state.interruptStatus | INTERRUPT_CONFIGURATION);
  }

  /**
   * Runs an operation that accesses queues: a BadQueueError puts the device into the error state instead of stopping
   * the machine.
   */
  accessQueues(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof BadQueueError)) throw error;
      this.fail();
    }
  }

  read(offset: number, sizeBytes: 1 | 2 | 4): number {
    if (offset >= CONFIGURATION) return this.readConfiguration(offset - CONFIGURATION, sizeBytes);
    // 4.2.2.2: the driver uses only aligned 32-bit accesses for the registers.
    return sizeBytes === 4 ? this.readRegister(offset) : 0;
  }

  write(offset: number, value: number, sizeBytes: 1 | 2 | 4): void {
    if (offset >= CONFIGURATION || sizeBytes !== 4) return;
    const before = this.backend.deadline();
    if (QUEUE_REGISTERS.has(offset)) this.writeQueueRegister(offset, value);
    else this.writeRegister(offset, value);
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
        return this.state.queueSelect < this.queues.length ? QUEUE_SIZE_MAX : 0;
      case QUEUE_READY:
        return !this.legacy && this.queues[this.state.queueSelect]?.ready ? 1 : 0;
      case QUEUE_PAGE:
        return this.legacy ? (this.state.queueRegisters[this.state.queueSelect]?.page ?? 0) : 0;
      case INTERRUPT_STATUS:
        return this.state.interruptStatus;
      case STATUS:
        return this.state.status;
      case SHARED_MEMORY_LENGTH_LOW:
      case SHARED_MEMORY_LENGTH_HIGH:
        return 0xffffffff; // 4.2.2: the length of a region that does not exist reads as -1.
      default: // Write-only and unknown registers, and ConfigGeneration: the configuration never changes.
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
        this.state.deviceFeaturesSelect = value;
        return;
      case DRIVER_FEATURES:
        return this.writeDriverFeatures(value);
      case DRIVER_FEATURES_SELECT:
        this.state.driverFeaturesSelect = value;
        return;
      case QUEUE_NOTIFY:
        return this.notify(value);
      case INTERRUPT_ACKNOWLEDGE:
        return this.setInterruptStatus(this.state.interruptStatus & ~value);
      case STATUS:
        return this.writeStatus(value & 0xff);
      case GUEST_PAGE_SIZE:
        if (this.legacy) this.state.guestPageShift = pageShift(value);
        return;
      default: // Read-only and unknown registers.
        return;
    }
  }

  private writeDriverFeatures(value: number): void {
    // 4.2.4: a legacy device has only feature bits 0 to 31, and a legacy driver does not set FEATURES_OK.
    if (this.legacy && this.state.driverFeaturesSelect !== 0) return;
    this.state.driverFeatures = withWord(this.state.driverFeatures, this.state.driverFeaturesSelect, value);
    if (this.legacy) this.state.negotiated = this.state.driverFeatures & this.features;
  }

  private writeQueueRegister(offset: number, value: number): void {
    if (offset === QUEUE_SELECT) {
      this.state.queueSelect = value;
      return;
    }
    const registers = this.state.queueRegisters[this.state.queueSelect];
    if (!registers) return;
    if (offset === QUEUE_SIZE) registers.size = value;
    else if (this.legacy) this.writeLegacyQueueRegister(offset, value);
    else if (offset === QUEUE_PAGE || offset === QUEUE_ALIGNMENT) return;
    else if (offset === QUEUE_READY) this.setQueueReady(this.state.queueSelect, (value & 1) !== 0);
    else registers.halves[QUEUE_ADDRESSES.indexOf(offset)] = value;
  }

  private writeLegacyQueueRegister(offset: number, value: number): void {
    const registers = this.state.queueRegisters[this.state.queueSelect];
    if (offset === QUEUE_ALIGNMENT) registers.alignment = value;
    if (offset !== QUEUE_PAGE) return;
    // As in QEMU, removing one queue resets the device.
    if (value === 0) return this.resetRegisters();
    registers.page = value;
    const { size, alignment } = registers;
    const start = value * 2 ** this.state.guestPageShift;
    this.accessQueues(() =>
      this.queues[this.state.queueSelect].start(legacyQueueAddresses({ start, size, alignment })),
    );
  }

  private setQueueReady(index: number, ready: boolean): void {
    const queue = this.queues[index];
    if (queue.ready === ready) return;
    if (!ready) {
      this.backend.cancelRequests();
      queue.stop();
      return;
    }
    const { size, halves } = this.state.queueRegisters[index];
    const [descriptors, available, used] = [0, 2, 4].map((half) => halves[half + 1] * 2 ** 32 + halves[half]);
    this.accessQueues(() => queue.start({ size, descriptors, available, used }));
  }

  /** As in QEMU, notifications are also accepted before DRIVER_OK, because some guests notify first. */
  private notify(index: number): void {
    if (this.needsReset || !this.queues[index]?.ready) return;
    this.accessQueues(() => this.backend.handleNotification(index));
  }

  private writeStatus(status: number): void {
    if (status === 0) return this.resetRegisters();
    if (!this.legacy && status & STATUS_FEATURES_OK && !(this.state.status & STATUS_FEATURES_OK)) {
      this.state.negotiated = this.state.driverFeatures & this.features;
    }
    this.state.status = status | (this.state.status & STATUS_NEEDS_RESET);
  }

  private resetRegisters(): void {
    this.backend.cancelRequests();
    this.state.status = 0;
    this.state.deviceFeaturesSelect = 0;
    this.state.driverFeaturesSelect = 0;
    this.state.driverFeatures = 0n;
    this.state.negotiated = 0n;
    this.state.queueSelect = 0;
    this.queues.forEach((queue) => queue.stop());
    for (let queue = 0; queue < this.queues.length; queue++) this.state.queueRegisters[queue] = newQueueRegisters();
    this.setInterruptStatus(0);
  }

  private setInterruptStatus(status: number): void {
    const before = this.state.interruptStatus;
    this.state.interruptStatus = status;
    if ((before !== 0) !== (status !== 0)) this.context.setInterrupt(status !== 0);
  }
}

const stateFor = (queueCount: number) =>
  record({
    status: number,
    interruptStatus: number,
    deviceFeaturesSelect: number,
    driverFeaturesSelect: number,
    /** The features that the guest wrote, and the subset that was accepted when it set FEATURES_OK. */
    driverFeatures: bigint,
    negotiated: bigint,
    queueSelect: number,
    /** Legacy: log2 of the page size, which is the unit of QUEUE_PAGE. It survives a guest reset. */
    guestPageShift: number,
    queueRegisters: list(QUEUE_REGISTERS_STATE, queueCount),
    queues: list(checkedState(QUEUE_STATE_BEFORE5), queueCount),
  });

type TransportState = Omit<Loaded<ReturnType<typeof stateFor>>, 'queues'>;

/**
 * The registers of a queue that is not ready yet: the queue size, and the low and high halves of the addresses of the
 * descriptors, the available ring and the used ring.
 */
const QUEUE_REGISTERS_STATE = record({
  size: number,
  halves: list(number, 6),
  /** Legacy: the number of the queue's first page (0 for none), and the alignment of its used ring. */
  page: number,
  alignment: number,
});

type QueueRegisters = Loaded<typeof QUEUE_REGISTERS_STATE>;

function newQueueRegisters(): QueueRegisters {
  return { size: QUEUE_SIZE_DEFAULT, halves: [0, 0, 0, 0, 0, 0], page: 0, alignment: ALIGNMENT_DEFAULT };
}

/** The queue size if the driver does not set one, as in QEMU. */
const QUEUE_SIZE_DEFAULT = 256;
/** The alignment of the used ring if a legacy driver does not set one, as in QEMU. */
const ALIGNMENT_DEFAULT = 4096;

const QUEUE_REGISTERS = new Set([
  ...[QUEUE_SELECT, QUEUE_SIZE, QUEUE_READY, QUEUE_PAGE, QUEUE_ALIGNMENT],
  ...QUEUE_ADDRESSES,
]);

/**
 * The 32 features that a feature selector selects: 0 selects bits 0 to 31, 1 selects bits 32 to 63, and any other value
 * selects none.
 */
function word(features: bigint, selector: number): number {
  return selector < 2 ? Number((features >> BigInt(32 * selector)) & 0xffffffffn) : 0;
}

function withWord(features: bigint, selector: number, value: number): bigint {
  if (selector > 1) return features;
  const shift = BigInt(32 * selector);
  return (features & ~(0xffffffffn << shift)) | (BigInt(value) << shift);
}
