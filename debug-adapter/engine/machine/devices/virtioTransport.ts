import type { Device, DeviceContext, GuestMemory } from './device.ts';
import type { Virtqueue } from './virtqueue.ts';

/**
 * The part of the transport that the backend uses. It is implemented by VirtioMmio and by the variant for older
 * recordings.
 */
export interface VirtioTransport extends Device {
  queue(index: number): Pick<Virtqueue, 'pop' | 'push' | 'requestNotification'>;
  hasFeature(feature: bigint): boolean;
  /**
   * Whether the guest violated a queue rule. If so, the device does not access guest memory until the guest resets it.
   */
  readonly isBroken: boolean;
  /** Whether the guest has set DRIVER_OK. Always true if the transport does not check it. */
  readonly driverIsReady: boolean;
  /** Signals a used buffer if the guest requested a notification. */
  interruptForUsedBuffer(): void;
}

export interface VirtioTransportOptions {
  name: string;
  context: DeviceContext;
  memory: GuestMemory;
  backend: VirtioBackend;
  legacy?: boolean;
}

/** The device behind a virtio transport. */
export interface VirtioBackend {
  /** The virtio device id (virtio 1.2, section 5), for example 2 for a block device. */
  readonly deviceId: number;
  /** The offered features, including VIRTIO_F_VERSION_1. */
  readonly features: bigint;
  /** The configuration space, which is constant and read-only. */
  readonly configuration: Uint8Array;
  readonly queueCount: number;
  /** The queue size if the driver does not set one. */
  readonly queueSizeDefault: number;
  /** Called when the guest notifies a queue that is ready. May throw BadQueueError. */
  handleNotification(queue: number): void;
  /**
   * Called when the guest resets the device or stops a queue: requests in flight must end immediately and no longer
   * access guest memory.
   */
  cancelRequests(): void;
  /** The virtual time of the next action in nanoseconds; Infinity if there is none. */
  deadline(): number;
  /** Called when the guest writes a status that includes DRIVER_OK. May throw BadQueueError. */
  driverIsReady?(): void;
}
