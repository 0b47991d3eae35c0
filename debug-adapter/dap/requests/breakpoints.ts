import type { DebugProtocol } from '@vscode/debugprotocol';
import type { BreakpointId, CodeGroup } from '../../engine/index.ts';
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

type Breakpoint = DebugProtocol.Breakpoint;

/** Sets the breakpoints in one source file. Like the other requests in this file, it replaces the whole list. */
export function setBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const source = args.object('source');
  const path = source.optionalText('path') ?? source.text('name');
  const list = `source ${path}`;
  return setList(debuggee, { list, kind: 'breakpoint', wanted: args.list('breakpoints'), ids }, (one) => {
    const line = one.integer('line');
    const found = debuggee.groups.flatMap((group) => {
      const location = group.addressesOfLine(path, line);
      return location ? [{ line: location.line, addresses: inGroup(group, location.addresses) }] : [];
    });
    const location = locationOf(
      found.flatMap(({ addresses }) => addresses),
      noCodeAt(line),
    );
    const shown = found.find(({ addresses }) => addresses.includes(location.addresses[0]));
    return shown
      ? { ...location, shown: { line: shown.line, source: { path, name: source.optionalText('name') } } }
      : location;
  });
}

export function setFunctionBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const wanted = args.list('breakpoints');
  return setList(debuggee, { list: 'functions', kind: 'function breakpoint', wanted, ids }, (one) => {
    const name = one.text('name');
    const found = debuggee.groups.flatMap((group) => inGroup(group, group.addressesOfFunction(name)));
    return locationOf(found, noFunction(name));
  });
}

export function setInstructionBreakpoints(debuggee: Debuggee, args: Arguments, ids: readonly number[]) {
  const wanted = args.list('breakpoints');
  return setList(debuggee, { list: 'instructions', kind: 'instruction breakpoint', wanted, ids }, (one) => {
    const offset = BigInt(one.optionalInteger('offset') ?? 0);
    const address = BigInt.asUintN(64, one.address('instructionReference') + offset);
    if ((address & 1n) === 1n) return { addresses: [], message: noInstructionAt(hex(address)) };
    const isKnown = debuggee.groups.some((group) => group.codeAround(address, 1));
    const isThere = isKnown || debuggee.session.inspector.readMemory(address, 1).length > 0;
    // Set the breakpoint even if the address is unmapped, because the program's pages may be loaded later.
    return isThere ? { addresses: [{ address }] } : { addresses: [{ address }], message: nothingAt(hex(address)) };
  });
}

/**
 * The address of a breakpoint, and the program that contains the code, since several programs may have code at the same
 * address. A breakpoint that is set by address alone has no group.
 */
interface BreakpointAddress {
  address: bigint;
  group?: CodeGroup;
}

interface BreakpointLocation {
  addresses: BreakpointAddress[];
  shown?: Partial<Breakpoint>;
  /** Why the machine is not expected to reach the address. */
  message?: string;
}

const inGroup = (group: CodeGroup, addresses: readonly bigint[]): BreakpointAddress[] =>
  addresses.map((address) => ({ address, group }));

/** The addresses that the machine can reach, or the reason why it cannot reach any. */
function locationOf(found: readonly BreakpointAddress[], reasonIfNone: string): BreakpointLocation {
  const addresses = found.filter(({ address, group }) => group!.canRun(address));
  if (addresses.length > 0) return { addresses };
  const group = found[0]?.group;
  return { addresses, message: group ? codeIsNotBooted(group.name) : reasonIfNone };
}

function setList(
  debuggee: Debuggee,
  set: { list: string; kind: ClientBreakpoint['kind']; wanted: readonly Arguments[]; ids: readonly number[] },
  find: (one: Arguments) => BreakpointLocation,
): DebugProtocol.SetBreakpointsResponse['body'] {
  const { breakpoints, configuration } = debuggee;
  // Resolve all breakpoints before changing any, so that the old list remains in effect if the new list is malformed.
  const locations = set.wanted.map(find);
  breakpoints.clear(set.list);
  const answers = locations.map(({ addresses, shown, message }, i): Breakpoint => {
    const id = set.ids[i];
    if (configuration.noDebug) return { id, verified: false, message: notWithoutDebugging() };
    for (const at of addresses) breakpoints.add(set.list, insert(debuggee, at), { id, kind: set.kind });
    if (message !== undefined) return { id, verified: false, message };
    return { id, verified: true, instructionReference: hex(addresses[0].address), ...shown };
  });
  return { breakpoints: answers };
}

/**
 * If several programs may have code at the address, the machine stops only in the program for which the breakpoint was
 * set.
 */
function insert({ session, groups, isLoadedNow }: Debuggee, { address, group }: BreakpointAddress): BreakpointId {
  const isAlone = groups.every((other) => other === group || !other.codeAround(address, 1));
  if (!group || (group.isBooted && isAlone) || groups.length === 1) return session.addBreakpoint(address);
  return session.addBreakpoint(address, () => isLoadedNow(group, address));
}
