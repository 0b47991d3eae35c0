import { type Code, i32, i64, sequence, when } from '../../base/wasm/code.ts';
import { slot32 } from './coreContext.ts';
import {
  FLOAT_0,
  REGISTERS,
  SLOT,
  WATCHED_REGISTER_BYTES,
  WATCHED_REGISTERS,
  WATCHED_REGISTERS_MAX,
} from './layout.ts';

/**
 * Code that executes `leave` if a watched register has changed since the start of the run. If only one register is
 * watched, this costs one comparison.
 */
export function whenRegisterChanged(leave: Code): Code {
  const [first, ...others] = Array.from({ length: WATCHED_REGISTERS_MAX }, (_, i) => hasChanged(i));
  return sequence(
    when(first, leave),
    when(
      i32.gtU(slot32('REGISTERS_WATCHED'), i32.const(1)),
      when(
        others.reduce((any, one) => i32.or(any, one)),
        leave,
      ),
    ),
  );
}

function hasChanged(index: number): Code {
  const entry = WATCHED_REGISTERS + index * WATCHED_REGISTER_BYTES;
  const at = i32.const(0);
  return i64.ne(i64.load(i32.load(at, entry + 8)), i64.load(at, entry));
}

/** The watched registers of the hart that runs next. */
export class WatchedRegisters {
  private readonly view: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.view = new DataView(memory.buffer);
  }

  /**
   * Sets which registers are watched, and remembers their current values. Registers are numbered as follows: x0 to x31,
   * the sink register, f0 to f31.
   */
  set(registers: readonly number[]): void {
    const { view } = this;
    view.setInt32(SLOT.REGISTERS_WATCHED, registers.length, true);
    if (registers.length === 0) return;
    for (let i = 0; i < WATCHED_REGISTERS_MAX; i++) {
      const address = REGISTERS + 8 * (registers[i] ?? registers[0]);
      const entry = WATCHED_REGISTERS + i * WATCHED_REGISTER_BYTES;
      view.setBigInt64(entry, view.getBigInt64(address, true), true);
      view.setInt32(entry + 8, address, true);
    }
  }
}

/** The index of a register in the register file. */
export const fileIndex = (kind: 'register' | 'float', register: number): number =>
  kind === 'float' ? FLOAT_0 + register : register;
