import { ByteCursor } from '../byteCursor.ts';
import type { SectionSource } from '../elf/debugSections.ts';

/** Reads a string from `.debug_str` or `.debug_line_str` by offset (DWARF 5, section 7.26). */
export function stringIn(sections: SectionSource, section: '.debug_str' | '.debug_line_str', offset: number): string {
  return new ByteCursor(sections.get(section), offset).string();
}

/**
 * Reads a string by index (DW_FORM_strx) through `.debug_str_offsets`. `base` is DW_AT_str_offsets_base, the offset of
 * the unit's first entry there.
 */
export function indexedString(
  sections: SectionSource,
  { base, index, is64 }: { base: number; index: number; is64: boolean },
): string {
  const offsets = new ByteCursor(sections.get('.debug_str_offsets'), base);
  offsets.skip(index * (is64 ? 8 : 4));
  return stringIn(sections, '.debug_str', offsets.offset(is64));
}
