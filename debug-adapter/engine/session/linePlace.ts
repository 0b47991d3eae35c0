import type { AddressRange, InlinedCall, LineLocation, SourceFile, Symbols } from '../symbols/index.ts';
import { inlineDepth, inlineStandAt } from './inlineFrames.ts';

/**
 * Where a step over lines is, and whether it ends at the instruction it has come to: the rules of gdb (infrun.c,
 * process_event_stop_test), so that people land where they land in gdb. A row is code of one line in one piece; bodies of inlined functions are frames.
 */
export class LinePlace {
  private symbols: Symbols;
  private direction: 'forwards' | 'backwards';
  /** Undefined: without lines a step is an instruction. */
  private row: LineLocation | undefined;
  /** Not to be stopped at the beginning of again. */
  private line: Line | undefined;
  /** The inlined bodies that are its frame. */
  private inside: readonly InlinedCall[];

  constructor(symbols: Symbols, pc: bigint, direction: 'forwards' | 'backwards') {
    this.symbols = symbols;
    this.direction = direction;
    this.row = this.rowAt(pc);
    const { inside, ahead } = inlineStandAt(symbols, pc);
    this.inside = inside;
    this.line = ahead ? callSite(ahead) : this.row;
  }

  endsForwards(pc: bigint, how: { kind: 'over' | 'in'; isSameFrame: boolean }): boolean {
    if (this.row && contains(this.row, pc)) return false;
    return this.endsInNewRow(pc, how);
  }

  /** Backwards it goes on to the beginning of the row that it came into, but for a function's: before that is the call. */
  endsBackwards(pc: bigint, how: { kind: 'over' | 'in'; isSameFrame: boolean }): boolean {
    const { row } = this;
    const isInRow = row !== undefined && contains(row, pc);
    if (isInRow && how.isSameFrame && this.depthOf(pc) === 'same') return pc === row.start && !this.isEntry(pc);
    return this.endsInNewRow(pc, how);
  }

  /** Whether a row begins here; the place is in it from now on. For who has come into a function by its end. */
  beginsRow(pc: bigint): boolean {
    this.enter(pc, this.rowAt(pc));
    return this.row === undefined || this.row.start === pc;
  }

  private endsInNewRow(pc: bigint, { kind, isSameFrame }: { kind: 'over' | 'in'; isSameFrame: boolean }): boolean {
    const here = this.symbols.lineAt(pc);
    if (this.row === undefined || here === undefined) return true;
    const depth = isSameFrame ? this.depthOf(pc) : 'other';
    if (depth === 'inner') return kind === 'in';
    const { ahead } = inlineStandAt(this.symbols, pc);
    if (depth === 'same' && ahead) return kind === 'in' || !isSameLine(callSite(ahead), this.line);
    const row = this.wholeRow(pc, here);
    const isOtherLine = !isSameLine(here, this.line);
    if (isOtherLine && pc === row.start && here.isStatement) return true;
    const isPassedOver = isOtherLine && pc === here.start && !here.isStatement;
    // No place to stop at; and the next one may be, of whatever line after a change of frames.
    const line = depth === 'same' ? this.line : undefined;
    this.enter(pc, isPassedOver ? here : row);
    if (isPassedOver) this.line = line;
    return false;
  }

  private enter(pc: bigint, row: LineLocation | undefined): void {
    this.row = row;
    this.line = row;
    this.inside = inlineStandAt(this.symbols, pc).inside;
  }

  private rowAt(pc: bigint): LineLocation | undefined {
    const line = this.symbols.lineAt(pc);
    return line && this.wholeRow(pc, line);
  }

  /**
   * Forwards a row is one of the line table. Backwards what touches there and is of one line is one row, in gdb since 14:
   * before, one came to the same line several times.
   */
  private wholeRow(pc: bigint, line: LineLocation): LineLocation {
    if (this.direction === 'forwards') return line;
    const whole = this.symbols.statementRanges(pc).find((range) => contains(range, pc));
    return { ...line, ...whole };
  }

  private depthOf(pc: bigint): 'same' | 'inner' | 'other' {
    return inlineDepth(this.inside, inlineStandAt(this.symbols, pc).inside);
  }

  private isEntry(pc: bigint): boolean {
    return pc === this.symbols.functionAt(pc)?.low;
  }
}

interface Line {
  file: SourceFile | undefined;
  line: number | undefined;
}

const callSite = ({ callFile, callLine }: InlinedCall): Line => ({ file: callFile, line: callLine });

const isSameLine = (a: Line, b: Line | undefined): boolean =>
  b !== undefined && a.line === b.line && a.file?.path === b.file?.path;

const contains = ({ start, end }: AddressRange, pc: bigint): boolean => start <= pc && pc < end;
