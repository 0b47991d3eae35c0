import type { DebugProtocol } from '@vscode/debugprotocol';
import {
  addResolvedBreakpoint,
  type BreakpointAddress,
  type BreakpointId,
  type BreakpointProblem,
  type ResolvedBreakpoint,
  resolveAddress,
  resolveFunction,
  resolveFunctionInSlices,
  resolveLine,
  type Sliced,
  UserError,
} from '../../engine/index.ts';
import {
  codeIsNotBooted,
  noCodeAt,
  noFunction,
  noInstructionAt,
  nothingAt,
  notWithoutDebugging,
} from '../../messages/dap.ts';
import { textFor } from '../../messages/userError.ts';
import type { Arguments } from '../arguments.ts';
import type { ClientBreakpoint } from '../breakpointTable.ts';
import type { Debuggee } from '../debuggee.ts';
import { type DetailTexts, detailsOf, detailTexts, type StopPointDetails } from '../stopPointDetails.ts';
import { hex } from '../variableViews.ts';

/** Sets the breakpoints in one source file. Like the other requests in this file, this one replaces the whole list. */
export function setBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const source = args.object('source');
  const path = source.optionalText('path') ?? source.text('name');
  const shown = { path, name: source.optionalText('name') };
  const set = { list: `source ${path}`, kind: 'breakpoint', wanted: args.list('breakpoints'), ids } as const;
  return setList(debuggee, set, (one) => resolveSourceLine(debuggee, path, one.integer('line')), shown);
}

/** Tries the names that the file may have in debug information. */
function resolveSourceLine({ symbols, sources }: Debuggee, path: string, line: number): ResolvedBreakpoint {
  const all = sources.compiledNames(path).map((name) => resolveLine(symbols, name, line));
  return all.find(({ problem }) => !problem) ?? all[all.length - 1];
}

export function setFunctionBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const set = { list: 'functions', kind: 'function breakpoint', wanted: args.list('breakpoints'), ids } as const;
  return setList(debuggee, set, (one) => resolveFunction(debuggee.symbols, one.text('name')));
}

/** Finds the functions in advance and in slices, so that `setFunctionBreakpoints` itself takes little time. */
export function* findFunctions({ symbols, configuration }: Debuggee, args: Arguments): Sliced<void> {
  if (configuration.noDebug) return;
  for (const one of args.list('breakpoints')) yield* resolveFunctionInSlices(symbols, one.text('name'));
}

export function setInstructionBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const { symbols, session } = debuggee;
  const set = { list: 'instructions', kind: 'instruction breakpoint', wanted: args.list('breakpoints'), ids } as const;
  return setList(debuggee, set, (one) => {
    const offset = BigInt(one.optionalInteger('offset') ?? 0);
    const address = BigInt.asUintN(64, one.address('instructionReference') + offset);
    return resolveAddress(symbols, session.inspector, address);
  });
}

function setList(
  debuggee: Debuggee,
  set: { list: string; kind: ClientBreakpoint['kind']; wanted: readonly Arguments[]; ids: readonly number[] },
  resolve: (one: Arguments) => ResolvedBreakpoint,
  source?: DebugProtocol.Source,
): DebugProtocol.SetBreakpointsResponse['body'] {
  const { breakpoints, configuration, session, symbols } = debuggee;
  // Resolve all breakpoints before changing any, so that the old list remains in effect if the new list is malformed.
  const resolved = set.wanted.map((one) => ({ ...resolve(one), texts: detailTexts(one) }));
  breakpoints.clear(set.list);
  const answers = resolved.map(({ addresses, problem, line, texts }, i): DebugProtocol.Breakpoint => {
    const id = set.ids[i];
    if (configuration.noDebug) return { id, verified: false, message: notWithoutDebugging() };
    const details = detailsAt(debuggee, texts, addresses);
    if (details.kind === 'invalid') return { id, verified: false, message: details.message, line, source };
    const shown = problem
      ? { id, verified: false, message: textOf(problem) }
      : { id, verified: true, instructionReference: hex(addresses[0].address), line, source };
    let countsWith: BreakpointId | undefined;
    for (const { at, ...rest } of details.points) {
      const point = addResolvedBreakpoint(session, symbols, { ...at, ...rest, countsWith });
      countsWith = point;
      breakpoints.add(set.list, point, { id, kind: set.kind, condition: texts.condition, shown });
    }
    return shown;
  });
  return { breakpoints: answers };
}

type DetailedAddresses =
  { kind: 'valid'; points: (StopPointDetails & { at: BreakpointAddress })[] } | { kind: 'invalid'; message: string };

/**
 * The details of a breakpoint at each of its addresses. A breakpoint with an invalid condition, hit condition or log
 * message is rejected as a whole, because it would not do what the user expects.
 */
function detailsAt(debuggee: Debuggee, texts: DetailTexts, addresses: readonly BreakpointAddress[]): DetailedAddresses {
  try {
    return { kind: 'valid', points: addresses.map((at) => ({ at, ...detailsOf(debuggee, texts, at) })) };
  } catch (error) {
    if (error instanceof UserError) return { kind: 'invalid', message: textFor(error, 'editor') };
    throw error;
  }
}

function textOf(problem: BreakpointProblem): string {
  switch (problem.kind) {
    case 'noCodeAtLine':
      return noCodeAt(problem.line);
    case 'noFunction':
      return noFunction(problem.name);
    case 'notBooted':
      return codeIsNotBooted(problem.file);
    case 'oddAddress':
      return noInstructionAt(hex(problem.address));
    case 'notMapped':
      return nothingAt(hex(problem.address));
  }
}
