import { debugInfoIsElsewhere, supplementaryIsMissing } from '../../messages/symbols.ts';
import { UserError } from '../../messages/userError.ts';
import type { CompanionFile } from './companions.ts';
import type { Diagnostics } from './diagnostics.ts';
import { SplitFiles } from './dwarf/splitFiles.ts';
import { DebugSections } from './elf/debugSections.ts';
import { type ElfFile, readElfFile } from './elf/elfFile.ts';
import { supplementaryIdOf, supplementaryLinkOf } from './elf/fileLinks.ts';
import type { SymbolsSource } from './symbols.ts';

/** Opens the files that a symbol file refers to. */
export class OtherFiles {
  private readonly source: SymbolsSource;
  private readonly file: ElfFile;
  private readonly sections: DebugSections;
  private readonly diagnostics: Diagnostics;
  private missingFileWasReported = false;

  constructor(source: SymbolsSource, parts: { file: ElfFile; sections: DebugSections; diagnostics: Diagnostics }) {
    this.source = source;
    this.file = parts.file;
    this.sections = parts.sections;
    this.diagnostics = parts.diagnostics;
  }

  readers(): { supplementary?: DebugSections; splitFiles: SplitFiles } {
    const { findCompanion: find = () => undefined } = this.source;
    const splitFiles = new SplitFiles({
      main: this.sections,
      find,
      open: (file) => this.open(file)?.sections,
      report: (damage) => this.diagnostics.addDamage(damage),
      onMissing: (missing) => this.onMissing(missing),
    });
    return { supplementary: this.supplementary(), splitFiles };
  }

  /** The supplementary file, if its ID matches the ID in the link. */
  private supplementary(): DebugSections | undefined {
    const { name, findCompanion } = this.source;
    const link = supplementaryLinkOf(this.file);
    if (!link) return undefined;
    let sections: DebugSections | undefined;
    findCompanion?.({ kind: 'supplementary', ...link }, (candidate) => {
      const opened = this.open(candidate);
      if (opened && supplementaryIdOf(opened.file) === link.buildId) sections = opened.sections;
      return sections !== undefined;
    });
    if (!sections) this.diagnostics.add(supplementaryIsMissing(name, link.name));
    return sections;
  }

  /** Undefined if the file is not an ELF file. */
  private open({ name, bytes }: CompanionFile): { file: ElfFile; sections: DebugSections } | undefined {
    try {
      const file = readElfFile(bytes, name, { isCompanion: true });
      const report = (sentence: string) => this.diagnostics.add(sentence);
      return { file, sections: new DebugSections(file, { name, compression: this.source.compression, report }) };
    } catch (error) {
      if (error instanceof UserError) return undefined;
      throw error;
    }
  }

  /** Only the first missing file is reported, because the cause is usually the same for all. */
  private onMissing(file: string): void {
    if (!this.missingFileWasReported) this.diagnostics.add(debugInfoIsElsewhere(this.source.name, file));
    this.missingFileWasReported = true;
  }
}
