import type { DebugProtocol } from '@vscode/debugprotocol';
import {
  addResolvedBreakpoint,
  type BreakpointProblem,
  type ResolvedBreakpoint,
  resolveAddress,
  resolveFunction,
  resolveLine,
} from '../../engine/index.ts';
import {
  codeIsNotBooted,
  noCodeAt,
  noFunction,
  noInstructionAt,
  nothingAt,
  notWithoutDebugging,
} from '../../messages/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { ClientBreakpoint } from '../breakpointTable.ts';
import type { Debuggee } from '../debuggee.ts';
import { hex } from '../variableViews.ts';

/** Sets the breakpoints in one source file. Like the other requests in this file, it replaces the whole list. */
export function setBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const source = args.object('source');
  const path = source.optionalText('path') ?? source.text('name');
  const shown = { path, name: source.optionalText('name') };
  const set = { list: `source ${path}`, kind: 'breakpoint', wanted: args.list('breakpoints'), ids } as const;
  return setList(debuggee, set, (one) => resolveLine(debuggee.symbols, path, one.integer('line')), shown);
}

export function setFunctionBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const set = { list: 'functions', kind: 'function breakpoint', wanted: args.list('breakpoints'), ids } as const;
  return setList(debuggee, set, (one) => resolveFunction(debuggee.symbols, one.text('name')));
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
  { breakpoints, configuration, session, symbols }: Debuggee,
  set: { list: string; kind: ClientBreakpoint['kind']; wanted: readonly Arguments[]; ids: readonly number[] },
  resolve: (one: Arguments) => ResolvedBreakpoint,
  source?: DebugProtocol.Source,
): DebugProtocol.SetBreakpointsResponse['body'] {
  // Resolve all breakpoints before changing any, so that the old list remains in effect if the new list is malformed.
  const resolved = set.wanted.map(resolve);
  breakpoints.clear(set.list);
  const answers = resolved.map(({ addresses, problem, line }, i): DebugProtocol.Breakpoint => {
    const id = set.ids[i];
    if (configuration.noDebug) return { id, verified: false, message: notWithoutDebugging() };
    for (const at of addresses) {
      breakpoints.add(set.list, addResolvedBreakpoint(session, symbols, at), { id, kind: set.kind });
    }
    if (problem) return { id, verified: false, message: textOf(problem) };
    return { id, verified: true, instructionReference: hex(addresses[0].address), line, source };
  });
  return { breakpoints: answers };
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
