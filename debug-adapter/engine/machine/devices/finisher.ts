import type { State } from '../../base/state.ts';
import { assert } from '../../base/assert.ts';
import type { Device, DeviceContext } from './device.ts';

/** How the guest asked the machine to end. */
export interface Finish {
  kind: 'pass' | 'fail' | 'reset';
  /** What a failing guest gave, 0 to 65535; 0 for the others. */
  code: number;
}

/**
 * The SiFive test finisher: the guest's way to power off, report a failure or reset, one 32-bit register at offset 0.
 * It keeps the first result it is given, tells `onFinish` once, and leaves ending to the machine. The register reads
 * 0, as in QEMU.
 */
export class Finisher implements Device {
  readonly name: string;
  readonly #context: DeviceContext;
  readonly #onFinish: (finish: Finish) => void;
  #finish: Finish | undefined;

  constructor(options: { context: DeviceContext; onFinish?: (finish: Finish) => void; name?: string }) {
    this.name = options.name ?? 'finisher';
    this.#context = options.context;
    this.#onFinish = options.onFinish ?? (() => undefined);
  }

  /** What the guest asked for, once it has. */
  get result(): Finish | undefined {
    return this.#finish;
  }

  read(_offset: number, _sizeBytes: 1 | 2 | 4): number {
    return 0;
  }

  write(offset: number, value: number, sizeBytes: 1 | 2 | 4): void {
    // QEMU's sifive_test takes 16- and 32-bit writes.
    if (offset !== 0 || sizeBytes === 1 || this.#finish) return;
    const kind = KINDS.get(value & 0xffff);
    if (kind === undefined) return;
    this.#finish = { kind, code: kind === 'fail' ? value >>> 16 : 0 };
    this.#onFinish(this.#finish);
    this.#context.attention();
  }

  saveState(): State {
    return { kind: this.#finish?.kind ?? RUNNING, code: this.#finish?.code ?? 0 };
  }

  loadState(state: State): void {
    if (state.kind === RUNNING) {
      this.#finish = undefined;
      return;
    }
    const kind = [...KINDS.values()].find((known) => known === state.kind);
    assert(kind, 'finisher state has a known kind');
    this.#finish = { kind, code: state.code as number };
  }
}

/** QEMU include/hw/misc/sifive_test.h: FINISHER_PASS, FINISHER_FAIL, FINISHER_RESET. */
const KINDS = new Map<number, Finish['kind']>([
  [0x5555, 'pass'],
  [0x3333, 'fail'],
  [0x7777, 'reset'],
]);

const RUNNING = 'running';
