import { ByteCursor, makeSection } from '../byteCursor.ts';
import { MalformedData } from '../damage.ts';
import type { DebugLink, SupplementaryLink } from '../companions.ts';
import type { ElfFile } from './elfFile.ts';

/** The link in `.gnu_debuglink`: a name, padded to 4 bytes, and a checksum. A damaged link counts as missing. */
export function debugLinkOf(file: ElfFile): DebugLink | undefined {
  return readLink(file, '.gnu_debuglink', (c) => {
    const name = c.string();
    c.skip((4 - (c.at % 4)) % 4);
    return { name, crc: c.u32() };
  });
}

/** The link in `.gnu_debugaltlink`, or in `.debug_sup` (DWARF 5, section 7.3.6). */
export function supplementaryLinkOf(file: ElfFile): SupplementaryLink | undefined {
  return (
    readLink(file, '.gnu_debugaltlink', (c) => ({ name: c.string(), buildId: hexOf(c.block(c.end - c.at)) })) ??
    readLink(file, '.debug_sup', (c) => {
      c.u16(); // version
      const isSupplementary = c.u8() !== 0;
      const name = c.string();
      return isSupplementary ? undefined : { name, buildId: hexOf(c.block(c.uleb())) };
    })
  );
}

/** The ID by which other files refer to a supplementary file: the checksum in its `.debug_sup`, or its build ID. */
export function supplementaryIdOf(file: ElfFile): string | undefined {
  const id = readLink(file, '.debug_sup', (c) => {
    c.u16(); // version
    const isSupplementary = c.u8() !== 0;
    c.string();
    return isSupplementary ? hexOf(c.block(c.uleb())) : undefined;
  });
  return id ?? file.buildId;
}

function readLink<T>(file: ElfFile, sectionName: string, read: (c: ByteCursor) => T | undefined): T | undefined {
  const section = file.sections.find(({ name }) => name === sectionName);
  if (!section || section.bytes.length === 0) return undefined;
  try {
    return read(new ByteCursor(makeSection(sectionName, section.bytes)));
  } catch (error) {
    if (error instanceof MalformedData) return undefined;
    throw error;
  }
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
