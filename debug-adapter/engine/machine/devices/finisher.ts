import type { State } from '../../base/state.ts';
import { assert } from '../../base/assert.ts';
import type { Device, DeviceContext } from './device.ts';

/** How the guest ended the machine. */
export interface Finish {
  kind: 'pass' | 'fail';
  /** The exit code of a failing guest, 0 to 65535; otherwise 0. */
  code: number;
}

/** What the guest requested by its first write to the test device. */
export type FinisherRequest = Finish | { kind: 'reset'; code: 0 };

/**
 * The SiFive test device (QEMU hw/misc/sifive_test.c): the guest powers off, reports a failure or resets by writing one
 * 32-bit register at offset 0. The device keeps the first request, calls `onRequest` once, and leaves ending and
 * resetting to the machine. The register reads as 0, as in QEMU.
 */
export class Finisher implements Device {
  readonly name: string;
  readonly #context: DeviceContext;
  readonly #onRequest: (request: FinisherRequest) => void;
  readonly #resetEnds: boolean;
  #request: FinisherRequest | undefined;

  /** With `resetEnds`, a reset request ends the machine too. */
  constructor(options: {
    context: DeviceContext;
    onRequest?: (request: FinisherRequest) => void;
    name?: string;
    resetEnds?: boolean;
  }) {
    this.#resetEnds = options.resetEnds ?? false;
    this.name = options.name ?? 'finisher';
    this.#context = options.context;
    this.#onRequest = options.onRequest ?? (() => undefined);
  }

  /** The request with which the guest ended the machine; undefined while it runs. */
  get result(): FinisherRequest | undefined {
    return this.wantsReset ? undefined : this.#request;
  }

  /** The guest requested a reset that the machine has not performed yet. */
  get wantsReset(): boolean {
    return this.#request?.kind === 'reset' && !this.#resetEnds;
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

  /** Only the first request counts, including requests made by semihosting. */
  request(request: FinisherRequest): void {
    if (this.#request) return;
    this.#request = request;
    this.#onRequest(this.#request);
    this.#context.attention();
  }

  saveState(): State {
    return { kind: this.#request?.kind ?? RUNNING, code: this.#request?.code ?? 0 };
  }

  loadState(state: State): void {
    if (state.kind === RUNNING) {
      this.#request = undefined;
      return;
    }
    const kind = [...KINDS.values()].find((known) => known === state.kind);
    assert(kind, 'finisher state has a known kind');
    this.#request = requestOf(kind, state.code as number);
  }
}

function requestOf(kind: FinisherRequest['kind'], code: number): FinisherRequest {
  return kind === 'reset' ? { kind, code: 0 } : { kind, code: kind === 'fail' ? code : 0 };
}

/** QEMU include/hw/misc/sifive_test.h: FINISHER_PASS, FINISHER_FAIL, FINISHER_RESET. */
const KINDS = new Map<number, FinisherRequest['kind']>([
  [0x5555, 'pass'],
  [0x3333, 'fail'],
  [0x7777, 'reset'],
]);

const RUNNING = 'running';
