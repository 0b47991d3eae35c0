import { compareCode, codeFrom, sameCodeIn } from './compareCode.ts';
import type { Frame, UnwindResult } from './unwinding/frame.ts';
import type { AddressRange, LineBreakpoint, Symbols } from './symbols.ts';

/**
 * The files that describe the same code: a stripped kernel and the one with its debug information, a Linux Image and its
 * vmlinux. Each question goes to the file that knows most about it: one with lines there before one that has only a
 * symbol, one with debug information before one without, and then the one that was given first.
 */
export interface SymbolFile {
  symbols: Symbols;
  /** Of what the machine boots: its code is in memory from the start. */
  isBooted: boolean;
}

/** Files in the order in which they win where they know the same. */
export function groupByCode(files: readonly SymbolFile[]): CodeGroup[] {
  const groups: SymbolFile[][] = [];
  for (const file of files) {
    const isSame = (member: SymbolFile) => compareCode(member.symbols, file.symbols).kind === 'same';
    const found = groups.find((members) => members.some(isSame));
    if (found) found.push(file);
    else groups.push([file]);
  }
  const made = groups.map((members) => new CodeGroup(members));
  const booted = made.filter(({ isBooted }) => isBooted);
  for (const group of made) if (!group.isBooted) group.otherBuildOf = otherBuild(group, booted);
  return made;
}

export class CodeGroup {
  /** The richest first. */
  readonly files: readonly Symbols[];
  readonly isBooted: boolean;
  /** Set when it begins where booted code does, and is not the same: another build of it, by the looks of it. */
  otherBuildOf: OtherBuild | undefined;

  constructor(files: readonly SymbolFile[]) {
    const symbols = files.map((file) => file.symbols);
    this.files = [...symbols.filter(hasDebugInfo), ...symbols.filter((file) => !hasDebugInfo(file))];
    this.isBooted = files.some(({ isBooted }) => isBooted);
  }

  /** As the user knows it. */
  get name(): string {
    return this.files[0].name;
  }

  codeAround(pc: bigint, reachBytes: number): ReturnType<Symbols['codeAround']> {
    return firstAnswer(this.files, (file) => file.codeAround(pc, reachBytes));
  }

  /** The file that knows most about an address. */
  at(pc: bigint): Symbols {
    return (
      this.files.find((file) => file.lineAt(pc)) ??
      this.files.find((file) => file.functionAt(pc)) ??
      this.files.find((file) => file.symbolAt(pc)) ??
      this.files[0]
    );
  }

  /** Whether there is any name or line for an address. */
  knows(pc: bigint): boolean {
    return this.files.some((file) => file.lineAt(pc) ?? file.symbolAt(pc) ?? file.functionAt(pc));
  }

  /** Where a breakpoint on a source line goes. */
  addressesOfLine(path: string, line: number): LineBreakpoint | undefined {
    return firstAnswer(this.files, (file) => file.addressesOfLine(path, line));
  }

  /** Where a breakpoint on a function goes, or on a label in code. Data has no instructions to stop at. */
  addressesOfFunction(name: string): bigint[] {
    const ofFunctions = (file: Symbols) =>
      nonEmpty(file.functionsNamed(name).map((one) => file.breakpointAddress(one)));
    const ofLabels = (file: Symbols) => {
      const labels = file.symbolsNamed(name).filter(({ kind, address }) => kind !== 'object' && isCode(file, address));
      return nonEmpty(labels.map(({ address }) => address));
    };
    return firstAnswer(this.files, ofFunctions) ?? firstAnswer(this.files, ofLabels) ?? [];
  }

  callerOf(frame: Frame): UnwindResult {
    const asked = this.at(frame.lookupPc);
    const answers = [asked, ...this.files.filter((file) => file !== asked)];
    const caller = firstAnswer(answers, (file) => {
      const result = file.callerOf(frame);
      return result.kind === 'noUnwindInformation' ? undefined : result;
    });
    return caller ?? { kind: 'noUnwindInformation' };
  }

  /**
   * Whether the machine can come to an address of this code. Programs are loaded later, as far as is known here; another
   * build of what was booted is there in those functions only that are the same in both.
   */
  canRun(address: bigint): boolean {
    const { otherBuildOf } = this;
    if (!otherBuildOf) return true;
    const { ranges, file } = this.functionAround(address);
    return otherBuildOf.booted.files.some((booted) => sameCodeIn(ranges, file, booted));
  }

  /** The code of the function at an address, which memory is held against. */
  functionCode(address: bigint): { address: bigint; bytes: Uint8Array }[] {
    const { ranges, file } = this.functionAround(address);
    return ranges.map(({ start, end }) => ({ address: start, bytes: codeFrom(file, start, Number(end - start)) }));
  }

  private functionAround(address: bigint): { ranges: readonly AddressRange[]; file: Symbols } {
    const known =
      this.at(address)
        .functionAt(address)
        ?.ranges.filter(({ start, end }) => end > start) ?? [];
    const ranges = known.length > 0 ? known : [{ start: address, end: address + INSTRUCTION_BYTES }];
    return { ranges, file: this.files.find((file) => file.codeAround(address, 1)) ?? this.files[0] };
  }
}

export interface OtherBuild {
  booted: CodeGroup;
  /** The first address where they differ. */
  address: bigint;
}

function otherBuild(group: CodeGroup, booted: readonly CodeGroup[]): OtherBuild | undefined {
  for (const candidate of booted) {
    for (const theirs of candidate.files) {
      for (const ours of group.files) {
        if (startOf(ours) === undefined || startOf(ours) !== startOf(theirs)) continue;
        const comparison = compareCode(ours, theirs);
        if (comparison.kind === 'different') return { booted: candidate, address: comparison.address };
      }
    }
  }
  return undefined;
}

function startOf({ code }: Symbols): bigint | undefined {
  return code.reduce<bigint | undefined>((least, { address }) => {
    return least === undefined || address < least ? address : least;
  }, undefined);
}

const INSTRUCTION_BYTES = 4n;

const hasDebugInfo = (symbols: Symbols) => symbols.hasDebugInfo;
const isCode = ({ code }: Symbols, address: bigint) =>
  code.some((section) => section.address <= address && address < section.address + section.sizeBytes);
const nonEmpty = <T>(list: readonly T[]): T[] | undefined => (list.length > 0 ? [...list] : undefined);

function firstAnswer<T>(files: readonly Symbols[], ask: (file: Symbols) => T | undefined): T | undefined {
  for (const file of files) {
    const answer = ask(file);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
