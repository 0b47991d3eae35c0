import type { CoreExports } from './coreInstance.ts';
import { MARKED_ENTRIES, MARKED_ENTRY_BYTES, RAM, SLOT } from './layout.ts';

/**
 * Restores the page table entries in which page walks have set A or D bits (`recordMarked` in mmu.ts). Called if the
 * run ended before the step to which these walks belong, because the state may change only within a step. The caller
 * must flush the TLBs.
 */
export function undoMarks(memory: WebAssembly.Memory, core: CoreExports): void {
  const view = new DataView(memory.buffer);
  for (let i = view.getInt32(SLOT.MARKED_COUNT, true) - 1; i >= 0; i--) {
    const entry = MARKED_ENTRIES + i * MARKED_ENTRY_BYTES;
    const offset = view.getUint32(entry + 8, true);
    core.touch(offset, 8);
    view.setBigUint64(RAM + offset, view.getBigUint64(entry, true), true);
  }
}
