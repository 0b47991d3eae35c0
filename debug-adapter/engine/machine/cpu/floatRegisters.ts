import { i32, i64, sequence } from '../../base/wasm/code.ts';
import { setSlot, slot, slot32 } from './coreContext.ts';
// Cycle: the CSRs below are part of the table in csrTable.ts and use that table's entry type.
import type { Csr } from './csrTable.ts';
import { FCSR_FLAGS, FCSR_MODE_SHIFT, markFloatsDirty } from './floatFormat.ts';
import { MSTATUS } from '../../isa/traps.ts';

/** The floating-point CSRs, which are views of one register: flags in bits 0-4, rounding mode in bits 5-7. */
export function floatingPoint(): Csr[] {
  const isOff = i32.eqz(i32.and(slot32('MSTATUS'), i32.const(MSTATUS.FS)));
  const view = (name: string, { shift, mask }: { shift: number; mask: number }): Csr => ({
    name,
    read: i64.and(i64.shrU(slot('FCSR'), i64.const(shift)), i64.const(mask)),
    write: (value) => {
      const others = i64.and(slot('FCSR'), i64.const(~(mask << shift)));
      const written = i64.shl(i64.and(value, i64.const(mask)), i64.const(shift));
      return sequence(setSlot('FCSR', i64.or(others, written)), markFloatsDirty);
    },
    forbidden: isOff,
  });
  return [
    view('fflags', { shift: 0, mask: FCSR_FLAGS }),
    view('frm', { shift: FCSR_MODE_SHIFT, mask: 7 }),
    view('fcsr', { shift: 0, mask: 0xff }),
  ];
}
