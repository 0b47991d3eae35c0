/** The deepest page tables that a machine's `satp` supports; shallower page tables are supported too. */
export type MmuType = (typeof MMU_TYPES)[number];
export const MMU_TYPES = ['sv39', 'sv48'] as const;

/** The deepest page tables that new machines support. */
export const MMU: MmuType = 'sv48';
