import type { LineHeader } from '../dwarf/line.ts';
import { runLineProgram, type LineRow } from '../dwarf/lineProgram.ts';
import type { SourceFile } from '../symbols.ts';

/**
 * One unit's line table, sorted and filtered according to gdb's rules (buildsym.c, dwarf2/read.c), so that "the line at
 * pc" and "the next line" agree with gdb:
 * - sequences that the linker discarded are dropped;
 * - a row that differs from its predecessor only in the discriminator is dropped;
 * - if two rows with different files have the same address, the later row is kept, unless only the earlier row is a
 *   statement (is_stmt);
 * - the end of a sequence is an entry with line 0.
 */
export class LineTable {
  readonly files: readonly (SourceFile | undefined)[];
  private readonly fileEntries: LineEntry[];

  constructor(header: LineHeader, options: { bias: bigint; isInFile: (address: bigint) => boolean }) {
    this.files = header.files;
    const sequences = new SequenceReader(options);
    runLineProgram(header, (row) => sequences.addRow(row));
    this.fileEntries = sequences.entries.sort(byAddressEndsFirst);
  }

  get entries(): readonly LineEntry[] {
    return this.fileEntries;
  }

  /** The index of the line entry for `pc`; -1 if there is none. */
  indexAt(pc: bigint): number {
    const entries = this.fileEntries;
    const last = this.firstAfter(pc) - 1;
    if (last < 0 || entries[last].line === 0) return -1;
    let index = last;
    const isPeer = (entry: LineEntry) =>
      entry.address === entries[last].address && entry.line !== 0 && entry.file === entries[last].file;
    while (!entries[index].isStatement && index > 0 && isPeer(entries[index - 1])) index--;
    return entries[index].isStatement ? index : last;
  }

  /** The end address of the entry's code. */
  endOf(index: number): bigint {
    const { address } = this.fileEntries[index];
    const next = this.fileEntries[this.firstAfter(address)];
    return next ? next.address : address;
  }

  private firstAfter(pc: bigint): number {
    let low = 0;
    let high = this.fileEntries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.fileEntries[middle].address <= pc) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export interface LineEntry {
  /** The guest address. */
  address: bigint;
  file: number;
  /** 0 at the end of a sequence, because the addresses that follow belong to no line. */
  line: number;
  column: number;
  isStatement: boolean;
  /** Whether the compiler marked the row as the end of a function's prologue, as clang does. */
  prologueEnd: boolean;
}

function byAddressEndsFirst(a: LineEntry, b: LineEntry): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return (a.line === 0 ? 0 : 1) - (b.line === 0 ? 0 : 1);
}

class SequenceReader {
  readonly entries: LineEntry[] = [];
  private readonly bias: bigint;
  private readonly isInFile: (address: bigint) => boolean;
  /** The index of the current sequence's first row in `entries`. */
  private start = 0;
  private inSequence = false;
  private previous = { file: 0, line: 0, address: -1n, hadDiscriminator: false, hadStatement: false };
  private recordedLine = 0;
  private recordedFile = -1;

  constructor({ bias, isInFile }: { bias: bigint; isInFile: (address: bigint) => boolean }) {
    this.bias = bias;
    this.isInFile = isInFile;
  }

  addRow(row: Readonly<LineRow>): void {
    if (!this.inSequence) this.begin(row);
    if (row.endSequence) this.end(row);
    else {
      this.noteDiscriminator(row);
      if (!this.isIgnored(row)) this.record(row);
      this.recordLine(row);
    }
  }

  private begin(row: Readonly<LineRow>): void {
    this.inSequence = true;
    this.start = this.isInFile(row.address) ? this.entries.length : -1;
    this.previous = { file: 0, line: 0, address: -1n, hadDiscriminator: false, hadStatement: false };
    this.recordedLine = 0;
    this.recordedFile = -1;
  }

  private end(row: Readonly<LineRow>): void {
    this.inSequence = false;
    if (this.start < 0) return;
    this.dropAt(this.biased(row.address));
    if (this.entries.length > this.start) this.push({ ...row, line: 0 });
  }

  /**
   * Records whether any row of the current line has a nonzero discriminator (gdb: m_line_has_non_zero_discriminator).
   */
  private noteDiscriminator(row: Readonly<LineRow>): void {
    const hasDiscriminator = row.discriminator !== 0;
    const isSameLine = row.line === this.previous.line;
    this.previous.hadDiscriminator = hasDiscriminator || (isSameLine && this.previous.hadDiscriminator);
    this.previous.line = row.line;
  }

  private isIgnored(row: Readonly<LineRow>): boolean {
    if (this.start < 0 || row.line <= 0 || row.line > LINE_MAX) return true;
    const { address, hadStatement } = this.previous;
    return row.file !== this.recordedFile && row.address === address && !row.isStatement && hadStatement;
  }

  private record(row: Readonly<LineRow>): void {
    const fileChanged = row.file !== this.recordedFile;
    if (fileChanged) this.dropAt(this.biased(row.address));
    if (!fileChanged && row.line === this.recordedLine && this.previous.hadDiscriminator) return;
    this.push(row);
    this.recordedLine = row.line;
    this.recordedFile = row.file;
  }

  private recordLine(row: Readonly<LineRow>): void {
    if (this.previous.address !== row.address) {
      this.previous.address = row.address;
      this.previous.hadStatement = false;
    }
    this.previous.hadStatement ||= row.isStatement;
  }

  /** Removes the last rows if they are at this address, because they turned out to have no code. */
  private dropAt(address: bigint): void {
    while (this.entries.length > this.start && this.entries[this.entries.length - 1].address === address) {
      this.entries.pop();
    }
  }

  private push({ address, file, line, column, isStatement, prologueEnd }: Readonly<LineRow>): void {
    this.entries.push({ address: this.biased(address), file, line, column, isStatement, prologueEnd });
  }

  private biased(address: bigint): bigint {
    return BigInt.asUintN(64, address + this.bias);
  }
}

const LINE_MAX = 2 ** 31;
