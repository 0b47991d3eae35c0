import { UserError } from '../../messages/userError.ts';
import { createReaders } from './createReaders.ts';
import { Diagnostics } from './diagnostics.ts';
import { Environment } from './expressions/environment.ts';
import { check } from './expressions/check.ts';
import { evaluate, evaluateTruth } from './expressions/evaluate.ts';
import { parseTypeName } from './expressions/parser.ts';
import type { Symbols, SymbolsSource } from './symbols.ts';
import type { NameIndex } from './types/nameIndex.ts';
import type { Type } from './types/type.ts';
import type { TypeReader } from './types/typeReader.ts';
import { callStack } from './unwinding/callStack.ts';

/**
 * Opens a file's symbols. Reads only the section table; everything else is read on demand. Throws a UserError if the
 * file is not a linked RV64 ELF file. Damage in the debug information is reported as a diagnostic.
 */
export function openSymbols(source: SymbolsSource): Symbols {
  const diagnostics = new Diagnostics(source.name);
  const readers = createReaders(source, diagnostics);
  const { sections, lines, breakpointLocations, functions, symbolTable, unwinder, variables, names, types } = readers;
  const guard = <T>(fallback: T, answer: () => T) => diagnostics.guard(fallback, answer);
  return {
    name: source.name,
    loadBias: source.loadBias ?? 0n,
    hasDebugInfo: sections.has('.debug_info'),
    diagnostics: diagnostics.sentences,
    lineAt: (pc) => guard(undefined, () => lines.at(pc)),
    statementRanges: (pc) => guard([], () => lines.statementRanges(pc)),
    addressesOfLine: (path, line) => guard(undefined, () => breakpointLocations.lineBreakpoint(path, line)),
    breakpointLines: (path) => guard([], () => breakpointLocations.breakpointLines(path)),
    files: () => guard([], () => lines.files()),
    functionAt: (pc) => guard(undefined, () => functions.at(pc)),
    functionsNamed: (line) => guard([], () => functions.withName(line)),
    functionBreakpoints: (line) => guard([], () => functions.breakpointsOn(line).map(({ address }) => address)),
    functionLocations: (line) => diagnostics.guardSliced([], functions.breakpointsInSlices(line)),
    breakpointAddress: (functionInfo) => guard(functionInfo.low, () => functions.breakpointAddress(functionInfo)),
    inlinedAt: (pc) => guard([], () => functions.inlinedAt(pc)),
    code: readers.code,
    buildId: readers.buildId,
    debugLink: readers.debugLink,
    loadOffsets: readers.loadOffsets,
    codeAround: readers.codeAround,
    symbolAt: (address) => guard(undefined, () => symbolTable.at(address)),
    symbolsNamed: (line) => guard([], () => symbolTable.withName(line)),
    innermostFrame: (view) => unwinder.innermostFrame(view),
    callerOf: (frame) => guard({ kind: 'noUnwindInformation' }, () => unwinder.callerOf(frame)),
    callStack: (view, limit) => guard({ frames: [], end: 'limit' }, () => callStack(unwinder, view, limit)),
    scopesAt: (pc) => guard([], () => variables.scopesAt(pc)),
    globals: (pc) => guard([], () => variables.globals(pc)),
    read: (variable, frame) => variables.read(variable, frame),
    typeNamed: (line) => guard(undefined, () => findType(line, names, types)),
    evaluate: (text, frame) => evaluate(text, new Environment(readers, frame)),
    isTrue: (text, frame) => evaluateTruth(text, new Environment(readers, frame)),
    check: (text, frame) =>
      check(text, frame, { parts: readers, innermostFrame: (view) => unwinder.innermostFrame(view) }),
  };
}

/** Finds a type by its C name; undefined if the text does not name a known type. */
function findType(name: string, names: NameIndex, types: TypeReader): Type | undefined {
  const find = (key: string) => {
    for (const die of names.find('type', key)) return types.typeFrom(die);
    return undefined;
  };
  try {
    return parseTypeName(name, { find });
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
