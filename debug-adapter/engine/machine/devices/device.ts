import type { Stateful } from '../../base/stateCodec.ts';
import type { GuestAddress } from '../../base/quantities.ts';

/**
 * A device on the bus. The board passes only aligned accesses of 1, 2 or 4 bytes inside the device's address range, and
 * only of the widths that the device supports. It splits an 8-byte access into two 4-byte accesses, low half first.
 * Values are unsigned 32-bit numbers. A device must not read any clock except `context.now()`. All data that a device
 * keeps between accesses is part of its saved state.
 */
export interface Device extends Stateful {
  /** The device's name in saved state, digests and divergence messages, such as `uart0` or `virtio1`. */
  readonly name: string;
  read(offset: number, sizeBytes: 1 | 2 | 4): number;
  write(offset: number, value: number, sizeBytes: 1 | 2 | 4): void;
  /** Called on a machine reset. A device without this function is restored to its power-on state. */
  reset?(): void;
}

/** The services that the board provides to a device. */
export interface DeviceContext {
  /** The virtual time in nanoseconds, always an exact integer. */
  now(): number;
  /** The machine's position, for the request log. */
  position(): number;
  /**
   * Drives this device's interrupt line to the PLIC. Repeating a high level is not redundant: each such call makes the
   * source pending, as in QEMU's PLIC.
   */
  setInterrupt(level: boolean): void;
  /**
   * Makes the machine check deadlines and interrupts after this instruction. Called by a device when its `deadline()`
   * or its readiness for console input changes.
   */
  requestAttention(): void;
  /**
   * Called when interrupt lines to harts have gone low and nothing else has changed. No interrupt becomes due, but
   * `mip` must show the new levels immediately.
   */
  interruptLinesFell(): void;
}

/** A device that can act at a scheduled time without being accessed by the guest. */
export interface TimedDevice extends Device {
  /**
   * The virtual time of the device's next action in nanoseconds; Infinity if there is none. Polled at each boundary, so
   * it must be cheap.
   */
  deadline(): number;
  /**
   * Called as a separate step once `now() >= deadline()`. Performs exactly one action, such as one block completion.
   */
  act(): void;
}

/** Guest RAM for devices that do DMA. Addresses are guest physical addresses. */
export interface GuestMemory {
  /** Whether the whole range is RAM. */
  contains(address: GuestAddress, lengthBytes: number): boolean;
  /** Copies from RAM; the range must be RAM. */
  read(address: GuestAddress, into: Uint8Array): void;
  /** A view of the bytes, valid only until guest memory next changes; the range must be RAM. */
  bytesAt(address: GuestAddress, lengthBytes: number): Uint8Array;
  /**
   * Copies to RAM, marks the written pages dirty and discards code decoded from the written bytes; the range must
   * be RAM.
   */
  write(address: GuestAddress, from: Uint8Array): void;
  readU16(address: GuestAddress): number;
  readU32(address: GuestAddress): number;
  /** Reads 64 bits. Values above 2^53 - 1 are returned as 2^53 - 1. */
  readU64(address: GuestAddress): number;
  writeU8(address: GuestAddress, value: number): void;
  writeU16(address: GuestAddress, value: number): void;
  writeU32(address: GuestAddress, value: number): void;
}
