import { ByteCursor } from '../byteCursor.ts';
import type { DebugSections } from '../elf/debugSections.ts';

/** Strings that entries name by offset or index: `.debug_str`, `.debug_line_str`, `.debug_str_offsets` (DWARF 5, 7.26). */
export function stringIn(sections: DebugSections, section: '.debug_str' | '.debug_line_str', offset: number): string {
  return new ByteCursor(sections.get(section), offset).string();
}

/** DW_FORM_strx: `base` is DW_AT_str_offsets_base, the place of the unit's first offset. */
export function indexedString(
  sections: DebugSections,
  { base, index, is64 }: { base: number; index: number; is64: boolean },
): string {
  const offsets = new ByteCursor(sections.get('.debug_str_offsets'), base);
  offsets.skip(index * (is64 ? 8 : 4));
  return stringIn(sections, '.debug_str', offsets.offset(is64));
}
