import type { State } from '../../../base/state.ts';
import { type Loaded, record, words } from '../../../base/stateCodec.ts';
import type { Device, DeviceContext } from '../device.ts';
import { PRIORITY_MASK, REGISTER_BYTES, SOURCES, SOURCE_WORDS, assignBit, plicRegisterAt } from '../plicRegisters.ts';

/**
 * The PLIC for replaying recordings in formats 2 to 4. Its behavior must not change; new behavior belongs in
 * ../plic.ts.
 *
 * The SiFive platform-level interrupt controller as on QEMU's `virt` board: sources 1 to 95 and, for each hart, a
 * machine context (2 x hart) and a supervisor context (2 x hart + 1). All sources are level-triggered (PLIC spec 1.0,
 * section 2.1, "Interrupt Gateways"): a high line makes its source pending, and a claim clears the pending bit. The
 * gateway then waits for completion, after which the source becomes pending again if the line is still high.
 *
 * As in QEMU 7.2 and contrary to the specification, a claim returns only sources above the context's threshold. As in
 * QEMU, registers respond only to 32-bit accesses; other reads return 0, and other writes are ignored.
 */
export class PlicBefore5 implements Device {
  readonly name: string;
  readonly contexts: number;
  readonly stateCodec: ReturnType<typeof stateFor>;
  private readonly context: DeviceContext;
  private state: PlicState;
  /** Derived from the state: the level of each context's line to its hart. */
  private readonly outputs: boolean[];

  constructor(options: { context: DeviceContext; harts?: number; name?: string }) {
    this.name = options.name ?? 'plic';
    this.contexts = 2 * (options.harts ?? 1);
    this.context = options.context;
    this.stateCodec = stateFor(this.contexts);
    this.state = {
      priorities: new Uint32Array(SOURCES),
      levels: new Uint32Array(SOURCE_WORDS),
      pending: new Uint32Array(SOURCE_WORDS),
      claimed: new Uint32Array(SOURCE_WORDS),
      enables: new Uint32Array(this.contexts * SOURCE_WORDS),
      thresholds: new Uint32Array(this.contexts),
    };
    this.outputs = new Array<boolean>(this.contexts).fill(false);
  }

  /** The level of MEIP (context 2 x hart) or of SEIP (2 x hart + 1). */
  externalInterrupt(context: number): boolean {
    return this.outputs[context];
  }

  /** Called when a device's interrupt line changes. */
  setLevel(source: number, level: boolean): void {
    if (testBit(this.state.levels, source) === level) return;
    assignBit(this.state.levels, source, level);
    this.forwardRequest(source);
    this.update();
  }

  read(offset: number, sizeBytes: 1 | 2 | 4): number {
    if (sizeBytes !== REGISTER_BYTES) return 0;
    const register = plicRegisterAt(offset, this.contexts);
    switch (register?.kind) {
      case undefined:
        return 0;
      case 'priority':
        return this.state.priorities[register.source];
      case 'pending':
        return this.state.pending[register.word];
      case 'enable':
        return this.state.enables[register.context * SOURCE_WORDS + register.word];
      case 'threshold':
        return this.state.thresholds[register.context];
      case 'claim':
        return this.claim(register.context);
    }
  }

  write(offset: number, value: number, sizeBytes: 1 | 2 | 4): void {
    if (sizeBytes !== REGISTER_BYTES) return;
    const register = plicRegisterAt(offset, this.contexts);
    switch (register?.kind) {
      case undefined:
      case 'pending': // read-only
        return;
      case 'priority':
        // Source 0 does not exist: "global interrupt ID 0 is reserved" (PLIC spec, section 4).
        if (register.source !== 0) this.state.priorities[register.source] = value & PRIORITY_MASK;
        break;
      case 'enable':
        this.state.enables[register.context * SOURCE_WORDS + register.word] = register.word === 0 ? value & ~1 : value;
        break;
      case 'threshold':
        this.state.thresholds[register.context] = value & PRIORITY_MASK;
        break;
      case 'claim':
        this.complete(register.context, value);
        break;
    }
    this.update();
  }

  saveState(): State {
    return this.stateCodec.save(this.state);
  }

  loadState(state: State): void {
    this.state = this.stateCodec.load(state);
    this.update();
  }

  /**
   * Implements the gateway: a high line produces one request, and no further requests until that one has been
   * completed. A falling line does not withdraw the request.
   */
  private forwardRequest(source: number): void {
    const { levels, claimed, pending } = this.state;
    if (testBit(levels, source) && !testBit(claimed, source)) assignBit(pending, source, true);
  }

  /**
   * The source that a context would claim, or 0: among the sources that are pending, enabled and above the threshold,
   * the one with the highest priority. If several sources have that priority, the one with the lowest number is claimed
   * (PLIC spec, section 5).
   */
  private highestPrioritySource(context: number): number {
    const { priorities, pending, enables, thresholds } = this.state;
    let best = 0;
    let bestPriority = thresholds[context];
    for (let word = 0; word < SOURCE_WORDS; word++) {
      let candidates = (pending[word] & enables[context * SOURCE_WORDS + word]) >>> 0;
      while (candidates !== 0) {
        const source = word * 32 + (31 - Math.clz32(candidates & -candidates));
        candidates &= candidates - 1;
        if (priorities[source] > bestPriority) {
          best = source;
          bestPriority = priorities[source];
        }
      }
    }
    return best;
  }

  private claim(context: number): number {
    const source = this.highestPrioritySource(context);
    if (source !== 0) {
      assignBit(this.state.pending, source, false);
      assignBit(this.state.claimed, source, true);
      this.update();
    }
    return source;
  }

  /** PLIC spec, section 9: the completion of a source that is not enabled for the context is ignored. */
  private complete(context: number, source: number): void {
    if (source >= SOURCES) return;
    const enabled = (this.state.enables[context * SOURCE_WORDS + (source >>> 5)] >>> (source & 31)) & 1;
    if (!enabled) return;
    assignBit(this.state.claimed, source, false);
    this.forwardRequest(source);
  }

  private update(): void {
    let rose = false;
    let fell = false;
    for (let context = 0; context < this.contexts; context++) {
      const output = this.highestPrioritySource(context) !== 0;
      if (output === this.outputs[context]) continue;
      this.outputs[context] = output;
      if (output) rose = true;
      else fell = true;
    }
    if (rose) this.context.requestAttention();
    else if (fell) this.context.interruptLinesFell();
  }
}

const stateFor = (contexts: number) =>
  record({
    priorities: words(SOURCES),
    /** One bit per source: the level of its line. */
    levels: words(SOURCE_WORDS),
    /** One bit per source: the source's gateway has forwarded a request that no context has claimed yet. */
    pending: words(SOURCE_WORDS),
    /** One bit per source: a context has claimed the source and has not yet completed it. */
    claimed: words(SOURCE_WORDS),
    /** The enabled sources: one bit per source, SOURCE_WORDS words per context. */
    enables: words(contexts * SOURCE_WORDS),
    thresholds: words(contexts),
  });

type PlicState = Loaded<ReturnType<typeof stateFor>>;

function testBit(words: Uint32Array, bit: number): boolean {
  return ((words[bit >>> 5] >>> (bit & 31)) & 1) !== 0;
}
