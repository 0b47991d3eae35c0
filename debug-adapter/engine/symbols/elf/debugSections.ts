import type { HostCompression } from '../../base/host.ts';
import { debugInfoIsDamaged, debugSectionIsCompressed } from '../../../messages/symbols.ts';
import { makeSection, type Section } from '../byteCursor.ts';
import { isCompressed, sectionContents } from './compressedSection.ts';
import type { ElfFile, ElfSection } from './elfFile.ts';
import type { FileBytes } from './fileBytes.ts';
import { symbolDamage } from '../../../messages/symbolDamage.ts';

/** Debug sections by their standard names, for example `.debug_info`. A missing section is empty. */
export interface SectionSource {
  get(name: string): Section;
  /** All sections with that name. Only object files, such as `.dwo` files, have more than one. */
  all(name: string): Section[];
}

/**
 * Finds a file's debug sections by name and decompresses compressed sections if a HostCompression is available. A
 * section that is missing or cannot be decompressed is treated as empty, and the reason is passed to `report`.
 */
export class DebugSections implements SectionSource {
  private readonly file: ElfFile;
  private readonly name: string;
  private readonly compression: HostCompression | undefined;
  private readonly report: (sentence: string) => void;
  private readonly known = new Map<string, Section>();
  private readonly knownLists = new Map<string, Section[]>();

  constructor(
    file: ElfFile,
    options: { name: string; compression?: HostCompression; report: (sentence: string) => void },
  ) {
    this.file = file;
    this.name = options.name;
    this.compression = options.compression;
    this.report = options.report;
  }

  get(name: string): Section {
    let section = this.known.get(name);
    if (!section) {
      const found = this.find(name);
      section = makeSection(name, found ? this.contentsOf(found) : new Uint8Array());
      this.known.set(name, section);
    }
    return section;
  }

  all(name: string): Section[] {
    let sections = this.knownLists.get(name);
    if (!sections) {
      const found = this.file.sections.filter((section) => section.name === name);
      sections =
        found.length > 1 ? found.map((section) => makeSection(name, this.contentsOf(section))) : [this.get(name)];
      this.knownLists.set(name, sections);
    }
    return sections;
  }

  has(name: string): boolean {
    return (this.find(name)?.lengthBytes ?? 0) > 0;
  }

  addressOf(name: string): bigint {
    return this.find(name)?.address ?? 0n;
  }

  private find(name: string): ElfSection | undefined {
    const { sections } = this.file;
    const gnuName = name.replace(/^\.debug_/, '.zdebug_');
    return sections.find((section) => section.name === name) ?? sections.find((section) => section.name === gnuName);
  }

  private contentsOf(section: ElfSection): Uint8Array | FileBytes {
    if (!isCompressed(section)) return section.contents;
    const contents = sectionContents(section, this.compression);
    if (contents.kind === 'bytes') return contents.bytes;
    this.report(
      contents.kind === 'damaged'
        ? debugInfoIsDamaged(this.name, section.name, symbolDamage.notDecompressed())
        : debugSectionIsCompressed(this.name, section.name),
    );
    return new Uint8Array();
  }
}
