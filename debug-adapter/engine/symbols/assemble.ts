import type { Damage } from './damage.ts';
import { debugInfoIsElsewhere } from '../../messages/symbols.ts';
import type { Complaints } from './complaints.ts';
import { FrameIndex } from './dwarf/frame.ts';
import { DebugInfo } from './dwarf/info.ts';
import { DebugSections } from './elf/debugSections.ts';
import { readElfFile } from './elf/elfFile.ts';
import { SymbolTable } from './elf/symbolTable.ts';
import type { EnvironmentParts } from './expressions/environment.ts';
import { CodeUnits } from './functions/codeUnits.ts';
import { FunctionIndex } from './functions/functionIndex.ts';
import { Functions } from './functions/functions.ts';
import { BreakpointPlaces } from './lines/breakpoints.ts';
import { LineIndex } from './lines/lineIndex.ts';
import { LineQuestions } from './lines/lineQuestions.ts';
import type { Symbols, SymbolsSource } from './symbols.ts';
import { NameIndex } from './types/nameIndex.ts';
import { TypeReader } from './types/typeReader.ts';
import type { Frame } from './unwinding/frame.ts';
import { Unwinder } from './unwinding/unwinder.ts';
import { Variables } from './values/variables.ts';

/** The readers of one file. */
export interface Readers extends EnvironmentParts {
  sections: DebugSections;
  lines: LineQuestions;
  places: BreakpointPlaces;
  unwinder: Unwinder;
  /** The bytes of the file's code around an address. */
  codeAround: Symbols['codeAround'];
  code: Symbols['code'];
  buildId: Symbols['buildId'];
}

/**
 * Creates and connects the readers of one file. This reads only the section table; each reader loads its data on first
 * use.
 */
export function assemble({ name, bytes, loadBias = 0n, compression }: SymbolsSource, complaints: Complaints): Readers {
  const complain = (damage: Damage) => complaints.addDamage(damage);
  const file = readElfFile(bytes, name);
  const inFile = (address: bigint) => BigInt.asUintN(64, address - loadBias);
  const isInFile = (address: bigint) => file.allocated.some(({ start, end }) => start <= address && address < end);
  const complainOf = (sentence: string) => complaints.add(sentence);
  const sections = new DebugSections(file, { name, compression, complain: complainOf });
  const info = new DebugInfo(sections, { bias: loadBias, complain });
  const symbolTable = new SymbolTable(file, loadBias);
  const codeUnits = new CodeUnits(info, complain);
  const index = new FunctionIndex(codeUnits, {
    isAllocated: (address) => isInFile(inFile(address)),
    onElsewhere: () => complaints.add(debugInfoIsElsewhere(name)),
  });
  const lineIndex = new LineIndex(info, { codeUnits, isInFile, complain });
  const places = new BreakpointPlaces(lineIndex, index, (at, length) => file.bytesAt(inFile(at), length));
  const functions = new Functions({ index, lines: lineIndex, symbolTable, places });
  const unwinder = new Unwinder(new FrameIndex(sections, { bias: loadBias, complain }), {
    functionStart: (pc) => functions.at(pc)?.low,
    bias: loadBias,
    complain,
  });
  const names = new NameIndex(info, complain);
  const types = new TypeReader(names, complain);
  const shown = { symbolAt: (address: bigint) => symbolTable.at(address), complain };
  const callerOf = (frame: Frame) => unwinder.callerOf(frame);
  const reach = { info, codeUnits, functions: index, lines: lineIndex, types, names, shown, callerOf };
  const variables = new Variables(reach);
  const lines = new LineQuestions(lineIndex, index);
  return {
    sections,
    lines,
    places,
    unwinder,
    variables,
    functions,
    index,
    codeUnits,
    names,
    types,
    symbolTable,
    shown,
    code: file.code.map(({ name: section, address, sizeBytes, bytes: own }) => ({
      ...{ name: section, sizeBytes, bytes: own },
      address: BigInt.asUintN(64, address + loadBias),
    })),
    buildId: file.buildId,
    codeAround: (pc, reachBytes) => {
      const found = file.codeAround(inFile(pc), reachBytes);
      return found && { address: BigInt.asUintN(64, found.address + loadBias), bytes: found.bytes };
    },
  };
}
