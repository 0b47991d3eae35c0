import type { DebugProtocol } from '@vscode/debugprotocol';
import type { BreakpointId, Symbols } from '../../engine/index.ts';
import { noCodeAt, noFunction, noInstructionAt, notWithoutDebugging } from '../../engine/errors/dap.ts';
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
    const found = debuggee.symbols.flatMap((symbols) => {
      const place = symbols.addressesOfLine(path, line);
      return place ? [{ line: place.line, addresses: inFile(symbols, place.addresses) }] : [];
    });
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
      const labels = () => symbols.symbolsNamed(name).map(({ address }) => address);
      return inFile(symbols, functions.length > 0 ? functions : labels());
    });
    return addresses.length === 0 ? { addresses, message: noFunction(name) } : { addresses };
  });
}

export function setInstructionBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const wanted = args.list('breakpoints');
  return setList(debuggee, { list: 'instructions', kind: 'instruction breakpoint', wanted, ids }, (one) => {
    const offset = BigInt(one.optionalInteger('offset') ?? 0);
    const address = BigInt.asUintN(64, one.address('instructionReference') + offset);
    const isOdd = (address & 1n) === 1n;
    return isOdd ? { addresses: [], message: noInstructionAt(hex(address)) } : { addresses: [{ address }] };
  });
}

/** In one file: several programs may have code at one address. None for a bare address. */
interface Address {
  address: bigint;
  symbols?: Symbols;
}

interface Place {
  addresses: Address[];
  shown?: Partial<Breakpoint>;
  /** Why there is no address. */
  message?: string;
}

const inFile = (symbols: Symbols, addresses: readonly bigint[]): Address[] =>
  addresses.map((address) => ({ address, symbols }));

function setList(
  debuggee: Debuggee,
  set: { list: string; kind: ClientBreakpoint['kind']; wanted: readonly Arguments[]; ids: readonly number[] },
  placeOf: (one: Arguments) => Place,
): DebugProtocol.SetBreakpointsResponse['body'] {
  const { breakpoints, configuration } = debuggee;
  // All are looked up before any is changed: a malformed list leaves the old one.
  const places = set.wanted.map(placeOf);
  breakpoints.clear(set.list);
  const answers = places.map(({ addresses, shown, message }, i): Breakpoint => {
    const id = set.ids[i];
    if (configuration.noDebug) return { id, verified: false, message: notWithoutDebugging() };
    if (message !== undefined) return { id, verified: false, message };
    for (const at of addresses) breakpoints.add(set.list, insert(debuggee, at), { id, kind: set.kind });
    return { id, verified: true, instructionReference: hex(addresses[0].address), ...shown };
  });
  return { breakpoints: answers };
}

/** With several files it stops only where the one it was set in is what runs. */
function insert({ session, symbols, isLoadedNow }: Debuggee, at: Address): BreakpointId {
  const { address, symbols: file } = at;
  if (!file || symbols.length === 1) return session.addBreakpoint(address);
  return session.addBreakpoint(address, () => isLoadedNow(file, address));
}
