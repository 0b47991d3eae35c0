import { MalformedData } from './damage.ts';
import type { Diagnostics } from './diagnostics.ts';
import { CallFrameIndex } from './dwarf/callFrameInformation.ts';
import type { Die } from './dwarf/die.ts';
import { DebugInfo } from './dwarf/info.ts';
import { DebugSections } from './elf/debugSections.ts';
import { readElfFile } from './elf/elfFile.ts';
import { debugLinkOf } from './elf/fileLinks.ts';
import { SymbolTable } from './elf/symbolTable.ts';
import { Environment, type EnvironmentParts } from './expressions/environment.ts';
import { builtInVisualizers } from './formatters/builtIn/builtIn.ts';
import { Formatters } from './formatters/formatters.ts';
import { CodeUnits } from './functions/codeUnits.ts';
import { FunctionIndex } from './functions/functionIndex.ts';
import { FunctionNames } from './functions/functionNames.ts';
import { FunctionQueries } from './functions/functions.ts';
import { BreakpointLocations } from './lines/breakpointLocations.ts';
import { LineIndex } from './lines/lineIndex.ts';
import { LineQueries } from './lines/lineQueries.ts';
import { OtherFiles } from './otherFiles.ts';
import type { Symbols, SymbolsSource } from './symbols.ts';
import { NameHints } from './names/nameHints.ts';
import { NameIndex } from './types/nameIndex.ts';
import { parameterTypes } from './types/parameterTypes.ts';
import { TypeReader } from './types/typeReader.ts';
import { Vtables } from './types/vtables.ts';
import type { Type } from './types/type.ts';
import type { Frame } from './unwinding/frame.ts';
import { TailCalls } from './unwinding/tailCalls.ts';
import { TailCallUnwinder } from './unwinding/tailCallUnwinder.ts';
import { Unwinder } from './unwinding/unwinder.ts';
import type { Storage } from './values/storage.ts';
import { namedSymbolAt } from './values/symbolNames.ts';
import type { ValueContext } from './values/shownValue.ts';
import { Variables } from './values/variables.ts';

/** The objects that read the symbols and debug information of one file. */
export interface Readers extends EnvironmentParts {
  sections: DebugSections;
  info: DebugInfo;
  lines: LineQueries;
  breakpointLocations: BreakpointLocations;
  unwinder: TailCallUnwinder;
  /** The bytes of the file's code around an address. */
  codeAround: Symbols['codeAround'];
  code: Symbols['code'];
  buildId: Symbols['buildId'];
  debugLink: Symbols['debugLink'];
  loadOffsets: Symbols['loadOffsets'];
}

/**
 * Creates and connects the readers of one file. This reads only the section table; each reader loads its data on first
 * use.
 */
export function createReaders(source: SymbolsSource, diagnostics: Diagnostics): Readers {
  const { name, bytes, loadBias = 0n, compression, index: nameIndex, formatters = [] } = source;
  const report = (damage: MalformedData) => diagnostics.addDamage(damage);
  const file = readElfFile(bytes, name);
  const toFileAddress = (address: bigint) => BigInt.asUintN(64, address - loadBias);
  const isInFile = (address: bigint) => file.allocated.some(({ start, end }) => start <= address && address < end);
  const reportSentence = (sentence: string) => diagnostics.add(sentence);
  const sections = new DebugSections(file, { name, compression, report: reportSentence });
  const others = new OtherFiles(source, { file, sections, diagnostics });
  const info = new DebugInfo(sections, { bias: loadBias, report, ...others.readers() });
  const hints = new NameHints(info, nameIndex);
  const symbolTable = new SymbolTable(file, loadBias);
  const codeUnits = new CodeUnits(info, report);
  const index = new FunctionIndex(codeUnits, {
    isAllocated: (address) => isInFile(toFileAddress(address)),
  });
  const lineIndex = new LineIndex(info, { codeUnits, hints, isInFile, report });
  const breakpointLocations = new BreakpointLocations(lineIndex, index, (at, length) =>
    file.bytesAt(toFileAddress(at), length),
  );
  const isCode = (address: bigint) => {
    const at = toFileAddress(address);
    return file.code.some((section) => section.address <= at && at < section.address + section.sizeBytes);
  };
  const functionNames = new FunctionNames({ info, index, hints, lines: lineIndex, symbolTable });
  const parametersOf = (die: Die): string => {
    try {
      return parameterTypes(die, types);
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      report(error);
      return '';
    }
  };
  const functionParts = { index, lines: lineIndex, symbolTable, breakpointLocations, names: functionNames, isCode };
  const functions = new FunctionQueries({ ...functionParts, parametersOf });
  const frames = new Unwinder(new CallFrameIndex(sections, { bias: loadBias, report }), {
    functionStart: (pc) => functions.at(pc)?.low,
    bias: loadBias,
    report,
  });
  const tailCalls = new TailCalls({ functions: index, symbolTable });
  const unwinder = new TailCallUnwinder(frames, { functions: index, tailCalls });
  const names = new NameIndex(info, hints, report);
  const types: TypeReader = new TypeReader(names, report);
  const vtables = new Vtables(info, types, report);
  const shown: Omit<ValueContext, 'frame'> = {
    symbolAt: (address: bigint) => namedSymbolAt(address, { symbolTable, index }),
    concreteType: (vtable: bigint) => vtables.concreteType(vtable),
    arrayCount: (boundsKey: number, frame: Frame): number | undefined => variables.arrayCount(boundsKey, frame),
    virtualBase: (virtualKey: number, address: bigint, frame: Frame): bigint | undefined =>
      variables.virtualBase(virtualKey, address, frame),
    variableStorage: (dieKey: number, frame: Frame): Storage => variables.variableStorage(dieKey, frame),
    staticMember: (staticKey: number, type: Type, frame: Frame): Storage =>
      variables.staticMember(staticKey, type, frame),
    report,
  };
  const callerOf = (frame: Frame) => unwinder.callerOf(frame);
  const variableParts = { info, codeUnits, functions: index, lines: lineIndex, types, names, shown, callerOf };
  const variables: Variables = new Variables(variableParts);
  const lines = new LineQueries(lineIndex, index);
  const environmentParts = { variables, functions, index, codeUnits, names, types, symbolTable, shown };
  shown.formatters = new Formatters([...formatters, ...builtInVisualizers()], (object, container) => {
    return new Environment(environmentParts, object.context.frame, { object, container });
  });
  return {
    sections,
    info,
    lines,
    breakpointLocations,
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
    debugLink: debugLinkOf(file),
    loadOffsets: file.loadOffsets,
    codeAround: (pc, reachBytes) => {
      const code = file.codeAround(toFileAddress(pc), reachBytes);
      return code && { address: BigInt.asUintN(64, code.address + loadBias), bytes: code.bytes };
    },
  };
}
