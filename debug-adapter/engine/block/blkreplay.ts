import { assert, assertNever } from '../base/assert.ts';
import type { State } from '../base/state.ts';
import { list, number, oneOf, record } from '../base/stateCodec.ts';
import type { BlockDevice } from './blockDevice.ts';
import {
  BLOCK_OPERATIONS,
  type BlockOperation,
  type BlockRequest,
  type BlockStatus,
  type RequestLog,
} from './blockRequest.ts';
import type { Drive } from './drive.ts';
import { DriveDigest } from './driveDigest.ts';

/**
 * A filter between a guest's drive and the device that stores its data, modeled on QEMU's `blkreplay` driver. It makes
 * disk requests deterministic and observable. It reports each request to the log twice: when the guest makes the
 * request, and, with a digest of the data, when the request completes. A recording stores these reports. A replay
 * compares its own reports with the recorded ones and stops at the first difference. A recording does not need the data
 * itself, because recording and replay start with the same disk contents.
 *
 * The device below the filter (an overlay, a base image, or a snapshot view with a scratch layer) is not part of the
 * filter's state: `setDevice` can replace it at any time without the guest noticing.
 */
export class BlkreplayFilter implements Drive {
  readonly id: string;
  readonly stateCodec = STATE;
  private readonly log: RequestLog;
  private current: BlockDevice;
  /** The digest of the disk, or a function that creates the digest when it is first needed. */
  private contentDigest: DriveDigest | (() => DriveDigest);
  private nextId = 0;
  /** The requests that have begun but not completed, oldest first. */
  private inFlight: BlockRequest[] = [];

  constructor({ id, device, log, digest }: { id: string; device: BlockDevice; log: RequestLog; digest?: DriveDigest }) {
    this.id = id;
    this.log = log;
    this.current = device;
    this.contentDigest = digest ?? new DriveDigest(device);
  }

  get lengthBytes(): number {
    return this.current.lengthBytes;
  }

  get readOnly(): boolean {
    return this.current.readOnly;
  }

  /** The device below the filter. */
  get device(): BlockDevice {
    return this.current;
  }

  /**
   * Replaces the device below the filter with a different device of the same length, for example when a snapshot is
   * restored. If the caller passes `digest` (a digest created by `DriveDigest.from`, or a function that creates one
   * later), the next call to `digest()` reads only the blocks that differ. Otherwise, that call reads the whole disk.
   */
  setDevice(device: BlockDevice, digest: DriveDigest | (() => DriveDigest) = new DriveDigest(device)): void {
    assert(device.lengthBytes === this.current.lengthBytes, 'the new device has the same length');
    this.current = device;
    this.contentDigest = digest;
  }

  begin(request: { position: number; operation: BlockOperation; offset: number; lengthBytes: number }): number {
    const { position, operation, offset, lengthBytes } = request;
    const begun: BlockRequest = { id: this.nextId, drive: this.id, operation, offset, lengthBytes, position };
    this.log.blockRequest(begun);
    this.inFlight.push(begun);
    this.nextId++;
    return begun.id;
  }

  complete({ position, id, data }: { position: number; id: number; data: Uint8Array }): BlockStatus {
    const request = this.inFlight[0];
    assert(request?.id === id, 'requests complete in the order in which they began');
    const status = this.perform(request, data);
    const hasData = status === 'ok' && (request.operation === 'read' || request.operation === 'write');
    this.log.blockCompletion({
      id,
      drive: this.id,
      status,
      digest: hasData ? this.log.digestOf(data) : 0n,
      position,
    });
    this.inFlight.shift();
    return status;
  }

  digest(): bigint {
    return this.driveDigest.value();
  }

  /** The drive's digest object, from which a snapshot derives the digest of its own disk (`DriveDigest.from`). */
  get driveDigest(): DriveDigest {
    if (typeof this.contentDigest === 'function') this.contentDigest = this.contentDigest();
    return this.contentDigest;
  }

  saveState(): State {
    return STATE.save({ nextId: this.nextId, begun: this.inFlight });
  }

  loadState(state: State): void {
    const { nextId, begun } = STATE.load(state);
    this.nextId = nextId;
    this.inFlight = begun.map((request) => ({ drive: this.id, ...request }));
  }

  /**
   * Marks bytes that may have changed, so that the digest reads them again. A digest that has not been created yet
   * needs no marks, because it will read the device when it is created.
   */
  private changed(offset: number, lengthBytes: number): void {
    if (typeof this.contentDigest !== 'function') this.contentDigest.touch(offset, lengthBytes);
  }

  private write(offset: number, data: Uint8Array): void {
    try {
      this.current.write(offset, data);
    } catch (error) {
      this.changed(offset, data.length);
      throw error;
    }
    if (typeof this.contentDigest !== 'function') this.contentDigest.written(offset, data);
  }

  private perform(request: BlockRequest, data: Uint8Array): BlockStatus {
    const { operation, offset, lengthBytes } = request;
    if (operation !== 'read' && operation !== 'flush' && this.readOnly) return 'ioError';
    if (offset < 0 || offset + lengthBytes > this.lengthBytes) return 'ioError';
    switch (operation) {
      case 'read':
        assert(data.length === lengthBytes, 'the buffer of a read has the requested length');
        this.current.read(offset, data);
        return 'ok';
      case 'write':
        assert(data.length === lengthBytes, 'the data of a write has the requested length');
        this.write(offset, data);
        return 'ok';
      case 'discard':
      case 'writeZeroes':
        // Discarded bytes have no defined contents. Filling them with zeroes makes every replay read the same bytes.
        this.changed(offset, lengthBytes);
        this.current.writeZeroes(offset, lengthBytes);
        return 'ok';
      case 'flush':
        this.current.flush();
        return 'ok';
      default:
        return assertNever(operation);
    }
  }
}

const STATE = record({
  nextId: number,
  /** The requests in flight. */
  begun: list(
    record({
      id: number,
      operation: oneOf(...BLOCK_OPERATIONS),
      offset: number,
      lengthBytes: number,
      position: number,
    }),
  ),
});

/** The log for drives that are neither recorded nor replayed; it ignores all requests. */
export const NULL_REQUEST_LOG: RequestLog = { digestOf: () => 0n, blockRequest() {}, blockCompletion() {} };
