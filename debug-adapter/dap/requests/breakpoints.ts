import type { DebugProtocol } from '@vscode/debugprotocol';
import { noCodeAt, noFunction, notWithoutDebugging } from '../../engine/errors/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { ClientBreakpoint } from '../breakpointTable.ts';
import type { Debuggee } from '../debuggee.ts';
import { hex } from '../variableViews.ts';

/** Breakpoints on source lines, functions and addresses. Each request sets its whole list anew. */
type Breakpoint = DebugProtocol.Breakpoint;

export function setBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const source = args.object('source');
  const path = source.optionalText('path') ?? source.text('name');
  const list = `source ${path}`;
  return setList(debuggee, { list, kind: 'breakpoint', wanted: args.list('breakpoints'), ids }, (one) => {
    const line = one.integer('line');
    const found = debuggee.symbols.flatMap((symbols) => symbols.addressesOfLine(path, line) ?? []);
    const addresses = found.flatMap((place) => place.addresses);
    if (addresses.length === 0) return { addresses, message: noCodeAt(line) };
    return { addresses, shown: { line: found[0].line, source: { path, name: source.optionalText('name') } } };
  });
}

export function setFunctionBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const wanted = args.list('breakpoints');
  return setList(debuggee, { list: 'functions', kind: 'function breakpoint', wanted, ids }, (one) => {
    const name = one.text('name');
    const addresses = debuggee.symbols.flatMap((symbols) => {
      const functions = symbols.functionsNamed(name).map((found) => symbols.breakpointAddress(found));
      return functions.length > 0 ? functions : symbols.symbolsNamed(name).map(({ address }) => address);
    });
    return addresses.length === 0 ? { addresses, message: noFunction(name) } : { addresses };
  });
}

export function setInstructionBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const wanted = args.list('breakpoints');
  return setList(debuggee, { list: 'instructions', kind: 'instruction breakpoint', wanted, ids }, (one) => {
    const address = one.address('instructionReference') + BigInt(one.optionalInteger('offset') ?? 0);
    return { addresses: [BigInt.asUintN(64, address)], shown: { instructionReference: hex(address) } };
  });
}

interface Place {
  addresses: bigint[];
  shown?: Partial<Breakpoint>;
  /** Why there is no address. */
  message?: string;
}

function setList(
  { breakpoints, configuration, session }: Debuggee,
  set: { list: string; kind: ClientBreakpoint['kind']; wanted: readonly Arguments[]; ids: readonly number[] },
  placeOf: (one: Arguments) => Place,
): DebugProtocol.SetBreakpointsResponse['body'] {
  // All are looked up before any is changed: a malformed list leaves the old one.
  const places = set.wanted.map(placeOf);
  breakpoints.clear(set.list);
  const answers = places.map(({ addresses, shown, message }, i): Breakpoint => {
    const id = set.ids[i];
    if (configuration.noDebug) return { id, verified: false, message: notWithoutDebugging() };
    if (message !== undefined) return { id, verified: false, message };
    for (const address of new Set(addresses)) {
      breakpoints.add(set.list, session.addBreakpoint(address), { id, kind: set.kind });
    }
    return { id, verified: true, instructionReference: hex(addresses[0]), ...shown };
  });
  return { breakpoints: answers };
}
