import type { State } from '../../base/state.ts';
import { boolean, list, type Loaded, record, words } from '../../base/stateCodec.ts';
import type { Device, DeviceContext } from './device.ts';
import { PRIORITY_MASK, REGISTER_BYTES, SOURCES, SOURCE_WORDS, assignBit, plicRegisterAt } from './plicRegisters.ts';

/**
 * The SiFive platform-level interrupt controller as on QEMU's `virt` board: sources 1 to 95 and, for each hart, a
 * machine context (2 x hart) and a supervisor context (2 x hart + 1).
 *
 * As in QEMU and contrary to the specification (PLIC spec 1.0, section 2.1, "Interrupt Gateways"), a source becomes
 * pending each time its device drives its line high, even if the line is already high or the source is claimed, and a
 * completion does not check the line. A guest that only acknowledges an interrupt at the PLIC and leaves the device's
 * line high does not receive another interrupt until the device drives its line again; xv6 versions from 2020 to 2022
 * do this with the UART. A claim returns only sources above the context's threshold that no context has claimed.
 *
 * The lines to the harts are updated whenever a context claims or completes a source, the guest writes a priority or
 * threshold, or a device drives its line. A write to the enable bits does not update them; it takes effect at the next
 * update. Registers respond only to 32-bit accesses; other reads return 0, and other writes are ignored.
 */
export class Plic implements Device {
  readonly name: string;
  readonly contexts: number;
  readonly stateCodec: ReturnType<typeof stateFor>;
  private readonly context: DeviceContext;
  private state: PlicState;

  constructor(options: { context: DeviceContext; harts?: number; name?: string }) {
    this.name = options.name ?? 'plic';
    this.contexts = 2 * (options.harts ?? 1);
    this.context = options.context;
    this.stateCodec = stateFor(this.contexts);
    this.state = {
      priorities: new Uint32Array(SOURCES),
      pending: new Uint32Array(SOURCE_WORDS),
      claimed: new Uint32Array(SOURCE_WORDS),
      enables: new Uint32Array(this.contexts * SOURCE_WORDS),
      thresholds: new Uint32Array(this.contexts),
      outputs: new Array<boolean>(this.contexts).fill(false),
    };
  }

  /** The level of MEIP (context 2 x hart) or of SEIP (2 x hart + 1). */
  externalInterrupt(context: number): boolean {
    return this.state.outputs[context];
  }

  /**
   * Called when a device drives its interrupt line, even to the level it already has. A low level does not clear the
   * pending bit.
   */
  setLevel(source: number, level: boolean): void {
    if (!level) return;
    assignBit(this.state.pending, source, true);
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
        if (register.source === 0) return;
        this.state.priorities[register.source] = value & PRIORITY_MASK;
        break;
      case 'enable':
        this.state.enables[register.context * SOURCE_WORDS + register.word] = value;
        return;
      case 'threshold':
        this.state.thresholds[register.context] = value & PRIORITY_MASK;
        break;
      case 'claim':
        // As in QEMU, and contrary to section 9 of the specification, any context may complete a source, even a source
        // that is not enabled for the context.
        if (value >= SOURCES) return;
        assignBit(this.state.claimed, value, false);
        break;
    }
    this.update();
  }

  saveState(): State {
    return this.stateCodec.save(this.state);
  }

  loadState(state: State): void {
    this.state = this.stateCodec.load(state);
  }

  /**
   * The source that a context would claim, or 0: among the sources that are pending, not claimed, enabled and above the
   * threshold, the one with the highest priority. If several sources have that priority, the one with the lowest number
   * is claimed (PLIC spec, section 5).
   */
  private highestPrioritySource(context: number): number {
    const { priorities, pending, claimed, enables, thresholds } = this.state;
    let best = 0;
    let bestPriority = thresholds[context];
    for (let word = 0; word < SOURCE_WORDS; word++) {
      const enabled = enables[context * SOURCE_WORDS + word];
      let candidates = (pending[word] & ~claimed[word] & enabled) >>> 0;
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
    }
    this.update();
    return source;
  }

  private update(): void {
    let rose = false;
    let fell = false;
    for (let context = 0; context < this.contexts; context++) {
      const output = this.highestPrioritySource(context) !== 0;
      if (output === this.state.outputs[context]) continue;
      this.state.outputs[context] = output;
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
    /** One bit per source: the source's device has raised an interrupt that no context has claimed yet. */
    pending: words(SOURCE_WORDS),
    /** One bit per source: a context has claimed the source and has not yet completed it. */
    claimed: words(SOURCE_WORDS),
    /** The enabled sources: one bit per source, SOURCE_WORDS words per context. */
    enables: words(contexts * SOURCE_WORDS),
    thresholds: words(contexts),
    /** The level of each context's line to its hart, as of the last update. */
    outputs: list(boolean, contexts),
  });

type PlicState = Loaded<ReturnType<typeof stateFor>>;
