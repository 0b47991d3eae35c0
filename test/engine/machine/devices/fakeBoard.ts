import assert from 'node:assert/strict';
import type { State } from '../../../../debug-adapter/engine/base/state.ts';
import { list, type Loaded, number, oneOf, record } from '../../../../debug-adapter/engine/base/stateCodec.ts';
import {
  BLOCK_OPERATIONS,
  type BlockOperation,
  type BlockStatus,
} from '../../../../debug-adapter/engine/block/blockRequest.ts';
import type { Drive } from '../../../../debug-adapter/engine/block/drive.ts';
import type { Device, DeviceContext, GuestMemory } from '../../../../debug-adapter/engine/machine/devices/device.ts';

/**
 * The parts of the board that one device uses: a clock that the test advances, an interrupt line, counts of calls to
 * attention and linesFell, RAM and a drive.
 */
export class FakeBoard implements DeviceContext {
  nanoseconds = 0;
  interrupt = false;
  attentions = 0;
  falls = 0;
  readonly memory = new FakeMemory();

  now(): number {
    return this.nanoseconds;
  }

  position(): number {
    return this.nanoseconds;
  }

  setInterrupt(level: boolean): void {
    this.interrupt = level;
  }

  requestAttention(): void {
    this.attentions++;
  }

  interruptLinesFell(): void {
    this.falls++;
  }

  /** Whether `work` made the device call attention(). */
  wakes(work: () => void): boolean {
    const before = this.attentions;
    work();
    return this.attentions > before;
  }

  /** Whether `work` made the device call linesFell(). */
  hearsOfFall(work: () => void): boolean {
    const before = this.falls;
    work();
    return this.falls > before;
  }
}

export const RAM_BASE = 0x8000_0000;

export class FakeMemory implements GuestMemory {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(lengthBytes = 1024 * 1024) {
    this.bytes = new Uint8Array(lengthBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  contains(address: number, lengthBytes: number): boolean {
    return address >= RAM_BASE && address + lengthBytes <= RAM_BASE + this.bytes.length;
  }

  read(address: number, into: Uint8Array): void {
    into.set(this.at(address, into.length));
  }

  bytesAt(address: number, lengthBytes: number): Uint8Array {
    return this.at(address, lengthBytes);
  }

  write(address: number, from: Uint8Array): void {
    this.at(address, from.length).set(from);
  }

  readU16(address: number): number {
    return this.view.getUint16(this.offset(address, 2), true);
  }

  readU32(address: number): number {
    return this.view.getUint32(this.offset(address, 4), true);
  }

  readU64(address: number): number {
    const value = this.view.getBigUint64(this.offset(address, 8), true);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
  }

  writeU8(address: number, value: number): void {
    this.write(address, Uint8Array.of(value));
  }

  writeU16(address: number, value: number): void {
    this.view.setUint16(this.offset(address, 2), value, true);
  }

  writeU32(address: number, value: number): void {
    this.view.setUint32(this.offset(address, 4), value, true);
  }

  writeU64(address: number, value: number | bigint): void {
    this.view.setBigUint64(this.offset(address, 8), BigInt(value), true);
  }

  /** The bytes at an address, as a view for reading and writing. */
  at(address: number, lengthBytes: number): Uint8Array {
    const offset = this.offset(address, lengthBytes);
    return this.bytes.subarray(offset, offset + lengthBytes);
  }

  /** Asserts that the access is inside RAM, as devices must ensure. */
  private offset(address: number, lengthBytes: number): number {
    assert(this.contains(address, lengthBytes), `DMA outside RAM: ${lengthBytes} bytes at 0x${address.toString(16)}`);
    return address - RAM_BASE;
  }
}

const FAKE_REQUEST = record({ id: number, operation: oneOf(...BLOCK_OPERATIONS), offset: number, lengthBytes: number });
type FakeRequest = Loaded<typeof FAKE_REQUEST>;

const FAKE_DRIVE_STATE = record({ nextId: number, inFlight: list(FAKE_REQUEST) });

/**
 * An in-memory drive that asserts how devices use it: each request completes once, in order, with enough room for the
 * data.
 */
export class FakeDrive implements Drive {
  readonly stateCodec = FAKE_DRIVE_STATE;
  readonly id: string;
  readonly readOnly: boolean;
  readonly lengthBytes: number;
  readonly bytes: Uint8Array;
  /** One line for each call to `begin` or `complete`, such as `begin 0 read 512+1024`. */
  readonly log: string[] = [];
  private nextId = 0;
  private inFlight: FakeRequest[] = [];
  /** The error that the next `complete` throws. */
  hostError: Error | undefined;

  constructor(options: { id?: string; lengthBytes?: number; readOnly?: boolean } = {}) {
    this.id = options.id ?? 'hd0';
    this.readOnly = options.readOnly ?? false;
    this.lengthBytes = options.lengthBytes ?? 1024 * 1024;
    this.bytes = new Uint8Array(this.lengthBytes);
  }

  begin(request: { position: number; operation: BlockOperation; offset: number; lengthBytes: number }): number {
    const { operation, offset, lengthBytes } = request;
    assert(Number.isSafeInteger(offset) && Number.isSafeInteger(offset + lengthBytes), 'exact offsets');
    const id = this.nextId++;
    this.inFlight.push({ id, operation, offset, lengthBytes });
    this.log.push(`begin ${id} ${operation} ${offset}+${lengthBytes}`);
    return id;
  }

  complete({ id, data }: { position: number; id: number; data: Uint8Array }): BlockStatus {
    if (this.hostError) throw this.hostError;
    const request = this.inFlight.shift();
    assert(request && request.id === id, `completion ${id} is in order`);
    const movesData = request.operation === 'read' || request.operation === 'write';
    assert.equal(data.length, movesData ? request.lengthBytes : 0);
    const status = this.perform(request, data);
    this.log.push(`complete ${id} ${status}`);
    return status;
  }

  private perform({ operation, offset, lengthBytes }: FakeRequest, data: Uint8Array): BlockStatus {
    if (operation === 'flush') return 'ok';
    if (offset + lengthBytes > this.lengthBytes || (this.readOnly && operation !== 'read')) return 'ioError';
    const range = this.bytes.subarray(offset, offset + lengthBytes);
    if (operation === 'read') data.set(range);
    else if (operation === 'write') range.set(data);
    else range.fill(0);
    return 'ok';
  }

  digest(): bigint {
    return this.bytes.reduce((sum, byte) => (sum * 31n + BigInt(byte)) & 0xffffffffffffffffn, 0n);
  }

  saveState(): State {
    return FAKE_DRIVE_STATE.save({ nextId: this.nextId, inFlight: this.inFlight });
  }

  loadState(state: State): void {
    const { nextId, inFlight } = FAKE_DRIVE_STATE.load(state);
    this.nextId = nextId;
    this.inFlight = inFlight;
  }
}

/**
 * Saves a device, loads that state into a second device, saves the second device and compares the states. The state
 * must be a copy and not a view, so it is compared again after `disturb` has changed the first device.
 */
export function assertStateSurvives<T extends Device>(device: T, fresh: T, disturb?: (device: T) => void): void {
  const saved = device.saveState();
  const before = structuredClone(saved);
  fresh.loadState(saved);
  assert.deepEqual(fresh.saveState(), before);
  disturb?.(device);
  assert.deepEqual(saved, before, 'the saved state is a copy');
  assert.deepEqual(fresh.saveState(), before, 'the loaded device has separate state');
}
