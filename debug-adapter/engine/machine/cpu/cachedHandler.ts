import { PRIVILEGE } from '../../isa/traps.ts';
import { FETCH_CONTEXT_BYTES, FETCH_TLB, FETCH_TLB_ENTRIES, SLOT } from './layout.ts';

/**
 * Whether a fetch TLB contains the page of the handler for a trap that the current hart is about to take. If so, the
 * handler can be executed; if not, it is unknown whether it can. The TLB contains the page for nearly every trap, and
 * the check allocates nothing.
 */
export function hasCachedHandler(words: Int32Array, trap: { cause: number; isInterrupt: boolean }): boolean {
  const { cause, isInterrupt } = trap;
  const delegated = words[(isInterrupt ? SLOT.MIDELEG : SLOT.MEDELEG) >> 2];
  const toSupervisor = words[SLOT.PRIVILEGE >> 2] <= PRIVILEGE.SUPERVISOR && ((delegated >>> cause) & 1) !== 0;
  // Without address translation, the TLB that S-mode uses depends on PMP.
  if (toSupervisor && words[(SLOT.SATP >> 2) + 1] >>> 28 === 0) return false;
  const vector = (toSupervisor ? SLOT.STVEC : SLOT.MTVEC) >> 2;
  // All handlers of a vectored table are near its start. If a table crosses a page boundary, only the handlers on its
  // first page are looked up.
  const first = words[vector] & ~3;
  const handler = isInterrupt && words[vector] & 1 ? first + 4 * cause : first;
  const page = handler & ~0xfff;
  if (page !== (first & ~0xfff) || (handler === 0 && words[vector + 1] === 0)) return false;
  const index = (handler >>> 8) & ((FETCH_TLB_ENTRIES - 1) << 4);
  const entry = (FETCH_TLB + (toSupervisor ? FETCH_CONTEXT_BYTES : 0) + index) >> 2;
  return words[entry] === page && words[entry + 1] === words[vector + 1];
}
