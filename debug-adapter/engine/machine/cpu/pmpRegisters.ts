import { type Code, call, i32, i64, sequence, when } from '../../base/wasm/code.ts';
import { type Core, setSlot, slot } from './coreContext.ts';
// Cycle: the CSRs below are part of the table in csrTable.ts and use that table's entry type.
import type { Csr } from './csrTable.ts';
import type { SlotName } from './layout.ts';

const zero = i64.const(0);

/** The L, A, X, W and R fields of every entry; bits 5 and 6 are reserved. */
const PMP_CONFIG_BITS = 0x9f9f9f9f9f9f9f9fn;
const PMP_LOCKS = 0x8080808080808080n;
const PMP_ADDRESS_BITS = (1n << 54n) - 1n;

/** The CSRs for physical memory protection (see pmp.ts). A locked entry stays unchanged until a reset. */
export function physicalMemoryProtection(core: Core): Csr[] {
  const config = (name: string, slotName: SlotName): Csr => {
    // A mask with 255 in each byte whose lock bit is set: shifting moves the lock bit (0x80) to bit 0, and multiplying
    // by 255 fills the byte.
    const locked = i64.mul(i64.shrU(i64.and(slot(slotName), i64.const(PMP_LOCKS)), i64.const(7)), i64.const(0xff));
    const writable = i64.and(i64.xor(locked, i64.const(-1)), i64.const(PMP_CONFIG_BITS));
    return {
      name,
      read: slot(slotName),
      write: (value) =>
        sequence(setSlot(slotName, i64.or(i64.and(slot(slotName), locked), i64.and(value, writable))), flushTlbs(core)),
    };
  };
  return [
    config('pmpcfg0', 'PMPCFG0'),
    config('pmpcfg2', 'PMPCFG2'),
    ...Array.from({ length: 16 }, (_, i) => pmpAddress(core, i)),
  ];
}

/** Flushes the TLBs, because their contents were checked against the old PMP entries. */
const flushTlbs = ({ functions }: Core): Code => sequence(call(functions.flushAll), call(functions.updateContexts));

const pmpByte = (entry: number): Code =>
  i64.and(i64.shrU(slot(entry < 8 ? 'PMPCFG0' : 'PMPCFG2'), i64.const((entry % 8) * 8)), i64.const(0xff));

/**
 * An address register is read-only while its own entry is locked, or while the next entry is locked and uses the
 * address as the start of its range (TOR).
 */
function pmpAddress(core: Core, entry: number): Csr {
  const slotName = `PMPADDR${entry}` as SlotName;
  const isLocked = i64.ne(i64.and(pmpByte(entry), i64.const(0x80)), zero);
  const nextLocksIt = i64.eq(i64.and(pmpByte(entry + 1), i64.const(0x98)), i64.const(0x88));
  return {
    name: `pmpaddr${entry}`,
    read: slot(slotName),
    write: (value) =>
      when(
        i32.eqz(entry < 15 ? i32.or(isLocked, nextLocksIt) : isLocked),
        setSlot(slotName, i64.and(value, i64.const(PMP_ADDRESS_BITS))),
        flushTlbs(core),
      ),
  };
}
