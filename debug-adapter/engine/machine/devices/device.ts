import type { Stateful } from '../../base/state.ts';
import type { GuestAddress } from '../../base/quantities.ts';

/**
 * A device on the bus. The board hands it aligned accesses of 1, 2 or 4 bytes inside its window, and of those only the
 * widths that it answers (board.ts; an 8-byte access may come as two of 4, low half first); values are unsigned 32-bit numbers. Devices read no clock but `context.now()`.
 * Whatever a device keeps between accesses is in its saved state.
 */
export interface Device extends Stateful {
  /** Its name in state, digests and divergence messages, such as `uart0` or `virtio1`. */
  readonly name: string;
  read(offset: number, sizeBytes: 1 | 2 | 4): number;
  write(offset: number, value: number, sizeBytes: 1 | 2 | 4): void;
  /** The machine is reset, for a device that is then not just as it was at power-on. */
  reset?(): void;
}

/** What the board gives each device. */
export interface DeviceContext {
  /** Virtual time in nanoseconds: an exact integer. */
  now(): number;
  /** The machine's position, for the request log. */
  position(): number;
  /**
   * Drives this device's interrupt line into the PLIC. To say that it is high when it was already counts: the PLIC makes
   * the source pending each time, as QEMU's does.
   */
  setInterrupt(level: boolean): void;
  /**
   * Something about deadlines or interrupts may have changed: the machine looks again after this instruction. Called
   * by a device whose `deadline()` moved or whose readiness for console input changed.
   */
  attention(): void;
  /** Interrupt lines of harts fell, and that is all: no interrupt is due by that, but `mip` shows it at once. */
  linesFell(): void;
}

/** A device that does something by itself at a time. */
export interface TimedDevice extends Device {
  /** The virtual time of its next action, Infinity for none. Asked at each boundary: must be cheap. */
  deadline(): number;
  /** Called as a step of its own once `now() >= deadline()`: does exactly one action (one block completion, say). */
  act(): void;
}

/** Guest RAM for devices that do DMA. Addresses are guest physical. */
export interface GuestMemory {
  /** True when the whole range is RAM. */
  contains(address: GuestAddress, lengthBytes: number): boolean;
  /** Copies out; the range must be RAM. */
  read(address: GuestAddress, into: Uint8Array): void;
  /** The bytes themselves, to be read before anything else happens; the range must be RAM. */
  bytesAt(address: GuestAddress, lengthBytes: number): Uint8Array;
  /** Copies in, marks pages dirty and drops decoded code there; the range must be RAM. */
  write(address: GuestAddress, from: Uint8Array): void;
  readU16(address: GuestAddress): number;
  readU32(address: GuestAddress): number;
  /** As a number: must be below 2^53, larger values saturate to 2^53 - 1. */
  readU64(address: GuestAddress): number;
  writeU8(address: GuestAddress, value: number): void;
  writeU16(address: GuestAddress, value: number): void;
  writeU32(address: GuestAddress, value: number): void;
}
