import type { State } from '../../base/state.ts';
import { number, oneOf, record } from '../../base/stateCodec.ts';
import type { Device, DeviceContext } from './device.ts';

/** The result that the guest reported when it stopped the machine. */
export interface TestDeviceResult {
  kind: 'pass' | 'fail';
  /** The exit code, 0 to 65535, of a guest that reports a failure; 0 for a pass. */
  code: number;
}

/** The request that the guest made with its first write to the test device. */
export type TestDeviceRequest = TestDeviceResult | { kind: 'reset'; code: 0 };

/**
 * The SiFive test device (QEMU hw/misc/sifive_test.c): the guest powers off, reports a failure or resets the machine by
 * writing to a 32-bit register at offset 0. The device keeps the first request and calls `onRequest` once; the machine
 * then stops or resets. The register reads as 0, as in QEMU.
 */
export class TestDevice implements Device {
  readonly name: string;
  readonly stateCodec = STATE;
  private readonly context: DeviceContext;
  private readonly onRequest: (request: TestDeviceRequest) => void;
  private readonly resetEndsRun: boolean;
  private firstRequest: TestDeviceRequest | undefined;

  /** With `resetEndsRun`, a reset request also stops the machine. */
  constructor(options: {
    context: DeviceContext;
    onRequest?: (request: TestDeviceRequest) => void;
    name?: string;
    resetEndsRun?: boolean;
  }) {
    this.resetEndsRun = options.resetEndsRun ?? false;
    this.name = options.name ?? 'finisher';
    this.context = options.context;
    this.onRequest = options.onRequest ?? (() => undefined);
  }

  /** The request with which the guest stopped the machine; undefined while the machine is running. */
  get result(): TestDeviceRequest | undefined {
    return this.wantsReset ? undefined : this.firstRequest;
  }

  /** Whether the guest requested a reset that the machine has not performed yet. */
  get wantsReset(): boolean {
    return this.firstRequest?.kind === 'reset' && !this.resetEndsRun;
  }

  read(_offset: number, _sizeBytes: 1 | 2 | 4): number {
    return 0;
  }

  write(offset: number, value: number, sizeBytes: 1 | 2 | 4): void {
    // QEMU's sifive_test accepts 16- and 32-bit writes.
    if (offset !== 0 || sizeBytes === 1) return;
    const kind = KINDS.get(value & 0xffff);
    if (kind !== undefined) this.request(requestOf(kind, value >>> 16));
  }

  /** Only the first request has an effect. Requests made through semihosting count too. */
  request(request: TestDeviceRequest): void {
    if (this.firstRequest) return;
    this.firstRequest = request;
    this.onRequest(this.firstRequest);
    this.context.requestAttention();
  }

  saveState(): State {
    return STATE.save(this.firstRequest ?? { kind: 'running', code: 0 });
  }

  loadState(state: State): void {
    const { kind, code } = STATE.load(state);
    this.firstRequest = kind === 'running' ? undefined : requestOf(kind, code);
  }
}

function requestOf(kind: TestDeviceRequest['kind'], code: number): TestDeviceRequest {
  return kind === 'reset' ? { kind, code: 0 } : { kind, code: kind === 'fail' ? code : 0 };
}

/** The values that the guest writes (QEMU include/hw/misc/sifive_test.h: FINISHER_PASS, _FAIL and _RESET). */
export const TEST_DEVICE_VALUES = { pass: 0x5555, fail: 0x3333, reset: 0x7777 } as const;

const KINDS = new Map<number, TestDeviceRequest['kind']>([
  [TEST_DEVICE_VALUES.pass, 'pass'],
  [TEST_DEVICE_VALUES.fail, 'fail'],
  [TEST_DEVICE_VALUES.reset, 'reset'],
]);

const STATE = record({ kind: oneOf('running', 'pass', 'fail', 'reset'), code: number });
