import type { AddressRange, InlinedCall, LineLocation, SourceFile, Symbols } from '../symbols/index.ts';
import { inlineDepth, inlineContextAt } from './inlineFrames.ts';

/**
 * Tracks where a line step is in the source and decides at which instruction the step ends. The decision follows gdb's
 * rules (infrun.c, process_event_stop_test), so that steps end at the same instructions as in gdb. A row is a
 * contiguous range of code for one line. Inlined functions count as frames.
 */
export class StepLocation {
  private symbols: Symbols;
  private direction: 'forwards' | 'backwards';
  /** Undefined if there is no line information; the step then ends after one instruction. */
  private row: LineLocation | undefined;
  /** The line that the step must leave: another row for this line does not end the step. */
  private line: Line | undefined;
  /** The inlined functions that form the step's frame. */
  private inside: readonly InlinedCall[];

  /** `entered` is the number of inlined functions that contain the breakpoint at which the machine stopped. */
  constructor(symbols: Symbols, pc: bigint, direction: 'forwards' | 'backwards', entered = 0) {
    this.symbols = symbols;
    this.direction = direction;
    this.row = this.rowAt(pc);
    const { inside, starting } = inlineContextAt(symbols, pc, entered);
    this.inside = inside;
    this.line = starting ? callSite(starting) : this.row;
  }

  endsForwards(pc: bigint, step: { kind: 'over' | 'in'; isSameFrame: boolean }): boolean {
    if (this.row && contains(this.row, pc)) return false;
    return this.endsInNewRow(pc, step);
  }

  /**
   * Whether a backward step ends at `pc`. The step continues to the start of the row that it entered, and on to the
   * call if the row starts at the function's entry.
   */
  endsBackwards(pc: bigint, step: { kind: 'over' | 'in'; isSameFrame: boolean }): boolean {
    const { row } = this;
    const isInRow = row !== undefined && contains(row, pc);
    if (isInRow && step.isSameFrame && this.depthOf(pc) === 'same') return pc === row.start && !this.isEntry(pc);
    return this.endsInNewRow(pc, step);
  }

  /**
   * Makes the row at `pc` current. Returns whether the row begins at `pc`. Used for backward steps that entered a
   * function at its end.
   */
  enterRow(pc: bigint): boolean {
    this.enter(pc, this.rowAt(pc));
    return this.row === undefined || this.row.start === pc;
  }

  private endsInNewRow(pc: bigint, { kind, isSameFrame }: { kind: 'over' | 'in'; isSameFrame: boolean }): boolean {
    const here = this.symbols.lineAt(pc);
    if (this.row === undefined || here === undefined) return true;
    const depth = isSameFrame ? this.depthOf(pc) : 'other';
    if (depth === 'inner') return kind === 'in';
    const { starting } = inlineContextAt(this.symbols, pc);
    if (depth === 'same' && starting) return kind === 'in' || !isSameLine(callSite(starting), this.line);
    const row = this.mergedRow(pc, here);
    const isOtherLine = !isSameLine(here, this.line);
    if (isOtherLine && pc === row.start && here.isStatement) return true;
    const isSkipped = isOtherLine && pc === here.start && !here.isStatement;
    // A row that is not marked as a statement (is_stmt) does not end the step. After a frame change, any line may end
    // the step.
    const line = depth === 'same' ? this.line : undefined;
    this.enter(pc, isSkipped ? here : row);
    if (isSkipped) this.line = line;
    return false;
  }

  private enter(pc: bigint, row: LineLocation | undefined): void {
    this.row = row;
    this.line = row;
    this.inside = inlineContextAt(this.symbols, pc).inside;
  }

  private rowAt(pc: bigint): LineLocation | undefined {
    const line = this.symbols.lineAt(pc);
    return line && this.mergedRow(pc, line);
  }

  /**
   * For a forward step, a row is a single row of the line table. For a backward step, adjacent rows for the same line
   * are merged into one row, as in gdb 14 and later; older versions of gdb stop several times on the same line.
   */
  private mergedRow(pc: bigint, line: LineLocation): LineLocation {
    if (this.direction === 'forwards') return line;
    const whole = this.symbols.statementRanges(pc).find((range) => contains(range, pc));
    return { ...line, ...whole };
  }

  private depthOf(pc: bigint): 'same' | 'inner' | 'other' {
    return inlineDepth(this.inside, inlineContextAt(this.symbols, pc).inside);
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
