import { complete, type Sliced } from '../base/sliced.ts';
import { compareCode, codeBytesAt, sameCodeIn } from './compareCode.ts';
import type { Frame, UnwindResult } from './unwinding/frame.ts';
import type { AddressRange, FunctionLocation, LineBreakpoint, Symbols } from './symbols.ts';

/** One symbol file, and whether its code is in memory from the start. */
export interface SymbolFile {
  symbols: Symbols;
  /** Whether the machine boots this file. If so, its code is in memory from the start. */
  isBooted: boolean;
}

/** Groups files that describe the same code. Files listed earlier take precedence. */
export function groupByCode(files: readonly SymbolFile[]): CodeGroup[] {
  const groups: SymbolFile[][] = [];
  for (const file of files) {
    const isSame = (member: SymbolFile) => compareCode(member.symbols, file.symbols).kind === 'same';
    const group = groups.find((members) => members.some(isSame));
    if (group) group.push(file);
    else groups.push([file]);
  }
  const codeGroups = groups.map((members) => new CodeGroup(members));
  const booted = codeGroups.filter(({ isBooted }) => isBooted);
  for (const group of codeGroups) if (!group.isBooted) group.otherBuildOf = otherBuild(group, booted);
  return codeGroups;
}

/**
 * A group of files that describe the same code, such as a stripped kernel and its unstripped version, or a Linux Image
 * and its vmlinux. Each query goes to the file with the most information. A file with a source line for the address is
 * preferred to a file with only a symbol. Otherwise, a file with debug information is preferred to a file without it.
 * Among equally good files, the first one in the list is used.
 */
export class CodeGroup {
  /** The files; those that have debug information come first. */
  readonly files: readonly Symbols[];
  readonly isBooted: boolean;
  /**
   * Set if this code starts at the same address as the booted code but differs from it. It is then probably another
   * build of the same program.
   */
  otherBuildOf: OtherBuild | undefined;

  constructor(files: readonly SymbolFile[]) {
    const symbols = files.map((file) => file.symbols);
    this.files = [...symbols.filter(hasDebugInfo), ...symbols.filter((file) => !hasDebugInfo(file))];
    this.isBooted = files.some(({ isBooted }) => isBooted);
  }

  /** The name of the file with the most information, for use in messages. */
  get name(): string {
    return this.files[0].name;
  }

  codeAround(pc: bigint, reachBytes: number): ReturnType<Symbols['codeAround']> {
    return firstDefined(this.files, (file) => file.codeAround(pc, reachBytes));
  }

  /** The file with the most information about an address. */
  fileAt(pc: bigint): Symbols {
    return (
      this.files.find((file) => file.lineAt(pc)) ??
      this.files.find((file) => file.functionAt(pc)) ??
      this.files.find((file) => file.symbolAt(pc)) ??
      this.files[0]
    );
  }

  /** Whether any of the files has a name or line for an address. */
  hasInformation(pc: bigint): boolean {
    return this.files.some((file) => file.lineAt(pc) ?? file.symbolAt(pc) ?? file.functionAt(pc));
  }

  /** The addresses for a breakpoint on a source line. */
  addressesOfLine(path: string, line: number): LineBreakpoint | undefined {
    return firstDefined(this.files, (file) => file.addressesOfLine(path, line));
  }

  /**
   * The addresses for a breakpoint on a function, including its inlined copies, or on a code label. Data symbols
   * are skipped: they have no instructions to stop at.
   */
  addressesOfFunction(name: string): bigint[] {
    return complete(this.locationsOfFunction(name)).map(({ address }) => address);
  }

  /** Like `addressesOfFunction`, but pauses during the search. */
  *locationsOfFunction(name: string): Sliced<readonly FunctionLocation[]> {
    for (const file of this.files) {
      const locations = yield* file.functionLocations(name);
      if (locations.length > 0) return locations;
    }
    for (const file of this.files) {
      const labels = file.symbolsNamed(name).filter(({ kind, address }) => kind !== 'object' && isCode(file, address));
      if (labels.length > 0) return labels.map(({ address }) => ({ address, inlineDepth: 0 }));
    }
    return [];
  }

  callerOf(frame: Frame): UnwindResult {
    const preferredFile = this.fileAt(frame.lookupPc);
    const files = [preferredFile, ...this.files.filter((file) => file !== preferredFile)];
    const caller = firstDefined(files, (file) => {
      const result = file.callerOf(frame);
      return result.kind === 'noUnwindInformation' ? undefined : result;
    });
    return caller ?? { kind: 'noUnwindInformation' };
  }

  /**
   * Whether the machine can reach an address of this code. A program may be loaded later, so its code always counts as
   * reachable. If this code is a different build of the booted code, only functions that are identical in both builds
   * count as reachable.
   */
  canRun(address: bigint): boolean {
    const { otherBuildOf } = this;
    if (!otherBuildOf) return true;
    const { ranges, file } = this.functionRanges(address);
    return otherBuildOf.bootedGroup.files.some((booted) => sameCodeIn(ranges, file, booted));
  }

  /** The bytes of the function at an address, for comparison with guest memory. */
  functionCode(address: bigint): { address: bigint; bytes: Uint8Array }[] {
    const { ranges, file } = this.functionRanges(address);
    return ranges.map(({ start, end }) => ({ address: start, bytes: codeBytesAt(file, start, Number(end - start)) }));
  }

  private functionRanges(address: bigint): { ranges: readonly AddressRange[]; file: Symbols } {
    const known =
      this.fileAt(address)
        .functionAt(address)
        ?.ranges.filter(({ start, end }) => end > start) ?? [];
    const ranges = known.length > 0 ? known : [{ start: address, end: address + INSTRUCTION_BYTES }];
    return { ranges, file: this.files.find((file) => file.codeAround(address, 1)) ?? this.files[0] };
  }
}

export interface OtherBuild {
  bootedGroup: CodeGroup;
  /** The first address at which the two builds differ. */
  address: bigint;
}

function otherBuild(group: CodeGroup, booted: readonly CodeGroup[]): OtherBuild | undefined {
  for (const candidate of booted) {
    for (const bootedFile of candidate.files) {
      for (const file of group.files) {
        if (startOf(file) === undefined || startOf(file) !== startOf(bootedFile)) continue;
        const comparison = compareCode(file, bootedFile);
        if (comparison.kind === 'different') return { bootedGroup: candidate, address: comparison.address };
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

function firstDefined<T>(files: readonly Symbols[], ask: (file: Symbols) => T | undefined): T | undefined {
  for (const file of files) {
    const answer = ask(file);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
