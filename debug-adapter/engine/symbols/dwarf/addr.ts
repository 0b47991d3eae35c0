import { ByteCursor } from '../byteCursor.ts';
import type { SectionSource } from '../elf/debugSections.ts';

/**
 * Looks up an address by index in `.debug_addr` (DWARF 5, section 7.27). `base` is DW_AT_addr_base. The result does not
 * include the load bias.
 */
export function indexedAddress(sections: SectionSource, { base, index }: { base: number; index: number }): bigint {
  const cursor = new ByteCursor(sections.get('.debug_addr'), base);
  cursor.skip(index * 8);
  return cursor.u64();
}
